/**
 * One attempt to sign in through a provider: state, nonce and PKCE verifier, kept encrypted in a cookie of its own, so
 * that two tabs never mix and nothing is stored for people who do not come back. Coming back spends it, once.
 */
import { hkdfSync, timingSafeEqual } from 'node:crypto'
import { lt, sql } from 'drizzle-orm'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { EncryptJWT, jwtDecrypt } from 'jose'
import { z } from 'zod'
import type { Config } from '../config/config.ts'
import { newId } from '../db/columns.ts'
import type { Database } from '../db/database.ts'
import { cookieFlags, hostPrefix } from './session-cookie.ts'
import { newSessionToken } from './session-token.ts'
import { spentSignIns } from './table.ts'

const lifetimeS = 600
/** Each is some 400 bytes in every request until it expires; a browser that begins more loses its oldest. */
const attemptsPerBrowser = 6

/** The user who adds a sign-in method, and the session that started it. */
const AddingTo = z.object({ userId: z.uuid(), sessionId: z.uuid() })
export type AddingTo = z.infer<typeof AddingTo>

const Attempt = z.object({
  id: z.uuid(),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  returnTo: z.string(),
  /** Null for an attempt to sign in, and absent from one that the previous release started. */
  addingTo: AddingTo.nullable().default(null),
})
export type SignInAttempt = z.infer<typeof Attempt>
/** Without the verifier, which the provider's client generates. */
export type NewAttempt = Omit<SignInAttempt, 'verifier'>

/** Stores no row, because any caller may start any number of attempts. */
export function newAttempt(returnTo: string, addingTo: AddingTo | null = null): NewAttempt {
  const id = newId()
  return { id, state: `${id}.${newSessionToken()}`, nonce: newSessionToken(), returnTo, addingTo }
}

/** Gives the attempt to the browser that is about to leave for the provider. */
export async function keepAttempt(
  request: FastifyRequest,
  reply: FastifyReply,
  config: Config,
  attempt: SignInAttempt,
): Promise<void> {
  const sealed = await new EncryptJWT(attempt)
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .setExpirationTime(`${lifetimeS}s`)
    .encrypt(sealingKey(config))
  const prefix = cookiePrefix(config)
  // Ids are UUIDv7, so the order of names is the order of time.
  const others = Object.keys(request.cookies)
    .filter((name) => name.startsWith(prefix) && idForm.test(name.slice(prefix.length)))
    .sort()
  for (const name of others.slice(0, Math.max(0, others.length - attemptsPerBrowser + 1))) {
    reply.clearCookie(name, cookieFlags(config))
  }
  reply.setCookie(prefix + attempt.id, sealed, { ...cookieFlags(config), maxAge: lifetimeS })
}

/**
 * The attempt that this browser began and that `state` names, its cookie cleared; null when there is none, it is older
 * than ten minutes, or the state differs (login CSRF, RFC 9700 section 4.7). It is not spent yet.
 */
export async function recallAttempt(
  request: FastifyRequest,
  reply: FastifyReply,
  config: Config,
  state: unknown,
): Promise<SignInAttempt | null> {
  const id = typeof state === 'string' ? state.split('.', 1)[0] : undefined
  if (typeof state !== 'string' || !id || !idForm.test(id)) return null
  const name = cookiePrefix(config) + id
  const sealed = request.cookies[name]
  if (!sealed) return null
  reply.clearCookie(name, cookieFlags(config))
  try {
    const { payload } = await jwtDecrypt(sealed, sealingKey(config), {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    })
    const attempt = Attempt.parse(payload)
    const [a, b] = [Buffer.from(attempt.state), Buffer.from(state)]
    return a.length === b.length && timingSafeEqual(a, b) ? attempt : null
  } catch {
    return null
  }
}

/** True for exactly one caller of one attempt, on all instances: the primary key decides. */
export async function spendAttempt(db: Database, { id }: SignInAttempt): Promise<boolean> {
  const spent = await db
    .insert(spentSignIns)
    // Long past its ten minutes: those are counted by this process's clock, which may be wrong.
    .values({ attemptId: id, expiresAt: sql`now() + interval '1 day'` })
    .onConflictDoNothing()
    .returning({ id: spentSignIns.attemptId })
  await db.delete(spentSignIns).where(lt(spentSignIns.expiresAt, sql`now()`))
  return spent.length === 1
}

/** Names are read from requests and written into answers, where anything but these characters would fail. */
const idForm = /^[0-9a-f-]{36}$/
const cookiePrefix = (config: Config) => `${hostPrefix(config)}plinth_sign_in_`

function sealingKey(config: Config): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', config.auth.cookieSecret, '', 'plinth sign-in attempt', 32))
}
