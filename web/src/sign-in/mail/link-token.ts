/**
 * The one-time token of a link in a mail: taken out of the fragment, which no server and no log sees, and out of the address
 * bar and the history at once, so that neither a shared screen nor the next person at this browser finds it there.
 */
import { type ParsedLocation, redirect } from '@tanstack/react-router'
import { useSyncExternalStore } from 'react'

type LinkPath = '/reset-password' | '/verify-email'

/** Of the last link that was opened here. A reload forgets it; the link in the mail is still good. */
let latest: { path: string; token: string } | null = null
const listeners = new Set<() => void>()

function keep(next: typeof latest) {
  latest = next
  for (const listener of listeners) listener()
}

/** Before such a page: by then the token is kept here, and its address has none. */
export function takeLinkToken({ location }: { location: ParsedLocation }) {
  const token = new URLSearchParams(location.hash).get('token')
  if (!token) return
  const path = location.pathname.replace(/\/$/, '')
  keep({ path, token })
  throw redirect({ to: path, hash: '', replace: true })
}

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useLinkToken = (path: LinkPath): string | null =>
  useSyncExternalStore(subscribe, () => (latest?.path === path ? latest.token : null))

/** Spent, or worth nothing. */
export const forgetLinkToken = () => keep(null)
