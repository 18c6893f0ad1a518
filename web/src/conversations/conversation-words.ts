const counted = new Intl.NumberFormat('en')

export const untitled = 'Untitled conversation'

export function countWords(count: number): string {
  if (count === 0) return 'No messages yet'
  return count === 1 ? '1 message' : `${counted.format(count)} messages`
}
