import { hash, randomBytes } from 'node:crypto'

const tokenForm = /^[A-Za-z0-9_-]{43}$/

/** 256 random bits: a lookup by its hash needs no constant-time comparison. */
export const newSessionToken = () => randomBytes(32).toString('base64url')

/** What the database holds; null for text that was never a token of ours. */
export function hashSessionToken(token: string): string | null {
  return tokenForm.test(token) ? hash('sha256', token, 'base64url') : null
}
