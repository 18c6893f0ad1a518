/** How an answer says that what it stands on goes away. */

/** Days, which begin in UTC, such as `2027-06-30`. */
export interface Deprecation {
  /** From which on nothing new should stand on it. */
  since: string
  /** From which on it may be gone. */
  sunset: string
}

/** RFC 9745 and RFC 8594. @throws RangeError for what is no day */
export const deprecationHeaders = ({ since, sunset }: Deprecation) => ({
  deprecation: `@${beginOf(since).getTime() / 1000}`,
  sunset: beginOf(sunset).toUTCString(),
})

function beginOf(day: string): Date {
  const begin = new Date(`${day}T00:00:00Z`)
  // A 31st of February would be the third of March.
  const isDay = !Number.isNaN(begin.getTime()) && begin.toISOString().startsWith(day)
  if (!isDay) throw new RangeError(`${day} is no day such as 2027-06-30`)
  return begin
}
