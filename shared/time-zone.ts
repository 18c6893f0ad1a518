import { singleLine } from './text.ts'

/** The runtime accepts offsets such as `+01:00` as well, which are no names, and names in any letter case. */
function isTimeZone(name: string): boolean {
  if (!/^[A-Z]/i.test(name)) return false
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions()
    return timeZone === name || timeZone.toLowerCase() !== name.toLowerCase()
  } catch {
    return false
  }
}

export const TimeZone = singleLine(64)
  .refine(isTimeZone, 'Must be an IANA time zone, such as Europe/Berlin')
  .meta({ description: 'An IANA name', example: 'Europe/Berlin' })
