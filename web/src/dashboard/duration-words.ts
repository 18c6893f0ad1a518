const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const

/** In the two largest units that there are any of, such as `2 hours 5 minutes`. */
export function durationWords(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const first = units.findIndex(([, size]) => whole >= size)
  if (first === -1) return 'less than a second'
  const [unit, size] = units[first] ?? units[3]
  const [nextUnit, nextSize] = units[first + 1] ?? ['second', 1]
  const count = Math.floor(whole / size)
  const rest = size === 1 ? 0 : Math.floor((whole % size) / nextSize)
  const words = `${count} ${unit}${count === 1 ? '' : 's'}`
  return rest === 0 ? words : `${words} ${rest} ${nextUnit}${rest === 1 ? '' : 's'}`
}
