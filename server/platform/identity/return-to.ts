import { isDoorPath } from '../../../shared/doors.ts'

/** `//host`, and what becomes it when somebody decodes the path once more. */
const leavesUs = /^\/(?:\/|%2f|%5c|%[01])/i

/**
 * A path of ours to go to after sign-in, or `/`: anything that a browser could read as another place is dropped
 * (open redirect, CWE-601). Browsers treat `\` as `/` and skip control characters, so both are refused. So is what is no page of the
 * app: nothing there would spend the code of a sign-in, which would stay in the address and the history.
 */
export function safeReturnTo(wanted: unknown): string {
  if (typeof wanted !== 'string' || wanted.length > 2000 || !/^\/[\x21-\x5B\x5D-\x7E]*$/.test(wanted)) return '/'
  const base = 'http://plinth.invalid'
  if (!URL.canParse(wanted, base)) return '/'
  const { origin, pathname, search, hash } = new URL(wanted, base)
  // A path such as `/x/..//host` is only found out once it is resolved.
  return origin === base && !leavesUs.test(pathname) && isPage(pathname) ? pathname + search + hash : '/'
}

/** As the router reads it, which decodes it once. */
function isPage(pathname: string): boolean {
  try {
    return !isDoorPath(decodeURIComponent(pathname))
  } catch {
    return false
  }
}
