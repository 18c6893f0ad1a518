/** Where signing in leads back to. */
import { useLocation } from '@tanstack/react-router'

/** Pages of signing in. They have no navigation, and signing in does not lead back to them. */
const waysIn = [
  '/sign-in',
  '/register',
  '/forgot-password',
  '/reset-password',
  '/verify-email',
  '/choose-names',
] as const

export const isWayIn = (pathname: string) => (waysIn as readonly string[]).includes(pathname.replace(/\/$/, ''))

/** Search of a link to the sign-in page that brings the person back to `from`. */
export const returningTo = ({ href, pathname }: { href: string; pathname: string }): { returnTo?: string } =>
  isWayIn(pathname) || href === '/' ? {} : { returnTo: href }

export const useReturnHere = () => returningTo(useLocation())

/** A path of this app, or `/`: an address bar is input, and must not lead people elsewhere (open redirect, CWE-601). */
export function safeReturnTo(wanted: string | undefined): string {
  if (!wanted || !/^\/(?![/\\])[^\\\p{Cc}]*$/u.test(wanted) || !URL.canParse(wanted, location.origin)) return '/'
  const { origin, pathname, search, hash } = new URL(wanted, location.origin)
  if (origin !== location.origin || pathname.startsWith('//') || isWayIn(pathname)) return '/'
  return pathname + search + hash
}
