import Bowser from 'bowser'

/** In words, such as `Chrome on macOS`. */
export function deviceName(userAgent: string | null): string {
  if (!userAgent) return 'Unknown device'
  const { browser, os } = Bowser.parse(userAgent)
  if (browser.name && os.name) return `${browser.name} on ${os.name}`
  return browser.name || userAgent.split(/[ /]/)[0]?.slice(0, 40) || 'Unknown device'
}
