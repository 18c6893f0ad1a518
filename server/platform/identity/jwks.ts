/**
 * The published keys of one issuer (RFC 7517). Asked for when first needed and again every ten minutes, behind requests that
 * go on with the keys at hand; those are kept for a day while the issuer's host is away. A key id that is not known causes one
 * question every 30 s at most, however many tokens name one.
 */
import { type CryptoKey, importJWK } from 'jose'
import { z } from 'zod'
import { AppError } from '../errors/app-error.ts'
import { boundedText } from './bounded-text.ts'

const freshMs = 600_000
const keptMs = 24 * 3600_000
const askAgainMs = 30_000
const deadlineMs = 5000
const maxBytes = 256 * 1024
const maxKeys = 100

/** Only public keys: `oct` in a published set would let whoever reads it sign. */
const Jwk = z.looseObject({
  kty: z.enum(['RSA', 'EC', 'OKP']),
  kid: z.string().max(256).optional(),
  use: z.string().optional(),
  alg: z.string().optional(),
  crv: z.string().optional(),
})
const Jwks = z.object({ keys: z.array(z.unknown()).max(maxKeys) })

const algorithmOf: Record<string, string> = { RSA: 'RS256', 'P-256': 'ES256', Ed25519: 'EdDSA' }

export class RemoteJwks {
  readonly #url: string
  #keys = new Map<string, CryptoKey>()
  #readAt = Number.NEGATIVE_INFINITY
  #askedAt = Number.NEGATIVE_INFINITY
  #asking: Promise<void> | null = null

  constructor(url: string) {
    this.#url = url
  }

  /**
   * Null when the issuer has no such key for this algorithm.
   * @throws AppError PROVIDER_UNAVAILABLE when it cannot be asked and no key of the last day is there
   */
  async key(kid: string | undefined, algorithm: string): Promise<CryptoKey | null> {
    const age = performance.now() - this.#readAt
    if (age > keptMs) {
      if (!this.#mayAsk()) throw new AppError('PROVIDER_UNAVAILABLE')
      await this.#ask()
    } else if (age > freshMs && this.#mayAsk()) void this.#ask().catch(() => {})
    const find = () => this.#keys.get(`${algorithm} ${kid ?? ''}`) ?? null
    const known = find()
    if (known || !this.#mayAsk()) return known
    // Rotated since, perhaps; the keys at hand are as good as any while the host is away.
    await this.#ask().catch(() => {})
    return find()
  }

  /** A question that is under way is everybody's. */
  #mayAsk(): boolean {
    return this.#asking !== null || performance.now() - this.#askedAt >= askAgainMs
  }

  #ask(): Promise<void> {
    this.#asking ??= this.#read().finally(() => {
      this.#asking = null
    })
    return this.#asking
  }

  async #read(): Promise<void> {
    this.#askedAt = performance.now()
    try {
      const answer = await fetch(this.#url, { redirect: 'error', signal: AbortSignal.timeout(deadlineMs) })
      if (!answer.ok) throw new Error(`the issuer's keys: status ${answer.status}`)
      const { keys } = Jwks.parse(JSON.parse(await boundedText(answer, maxBytes)))
      const imported = new Map<string, CryptoKey>()
      for (const key of keys) await importInto(imported, key)
      if (imported.size === 0) throw new Error('the issuer publishes no key that can be used')
      this.#keys = imported
      this.#readAt = performance.now()
    } catch (cause) {
      throw new AppError('PROVIDER_UNAVAILABLE', { cause })
    }
  }
}

/** What is of another kind, or broken, is passed over: an issuer may publish keys for other uses. */
async function importInto(keys: Map<string, CryptoKey>, published: unknown): Promise<void> {
  const jwk = Jwk.safeParse(published).data
  if (!jwk || (jwk.use !== undefined && jwk.use !== 'sig')) return
  const algorithm = algorithmOf[jwk.kty === 'RSA' ? 'RSA' : (jwk.crv ?? '')]
  if (!algorithm || (jwk.alg !== undefined && jwk.alg !== algorithm && jwk.alg !== jwk.crv)) return
  const key = await importJWK({ ...jwk, ext: false }, algorithm).catch(() => null)
  if (key === null || key instanceof Uint8Array || key.type !== 'public') return
  if (algorithm === 'RS256' && (key.algorithm as unknown as { modulusLength: number }).modulusLength < 2048) return
  keys.set(`${algorithm} ${jwk.kid ?? ''}`, key)
}
