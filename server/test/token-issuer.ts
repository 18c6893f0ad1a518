/** An issuer of tokens, played: its key host on a port of its own, and tokens that can be bent. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

type Header = { alg: string; kid?: string; typ?: string; [name: string]: unknown }

export class TestIssuer {
  readonly url: string
  readonly #server
  readonly jwks: JWK[] = []
  /** How often its keys were asked for. */
  asked = 0
  /** Answers in the place of the keys. */
  answer: ((request: IncomingMessage, response: ServerResponse) => void) | null = null
  readonly #keys = new Map<string, CryptoKey>()

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('request', (request, response) => {
      this.asked++
      if (this.answer) return this.answer(request, response)
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: this.jwks }))
    })
  }

  static async start(algorithm = 'RS256'): Promise<TestIssuer> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const issuer = new TestIssuer(server)
    await issuer.publish('first', algorithm)
    return issuer
  }

  /** One more key. */
  async publish(kid: string, algorithm = 'RS256'): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
    this.#keys.set(kid, privateKey)
    this.jwks.push({ ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' })
  }

  key(kid = 'first'): CryptoKey {
    return this.#keys.get(kid) as CryptoKey
  }

  /** As it signs them; `claims` with undefined leaves one out. */
  async token(
    claims: Record<string, unknown>,
    header: Header = { alg: 'RS256', kid: 'first', typ: 'JWT' },
    key = this.key(),
  ) {
    return sign({ iss: this.url, ...claims }, header, key)
  }

  close(): Promise<void> {
    this.#server.closeAllConnections()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}

export const nowS = () => Math.floor(Date.now() / 1000)

/** Five minutes' worth, unless the claims say otherwise. */
export async function sign(
  claims: Record<string, unknown>,
  header: Header,
  key: CryptoKey | Uint8Array,
): Promise<string> {
  const whole = { iat: nowS(), exp: nowS() + 300, ...claims }
  const payload = Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined))
  return new SignJWT(payload).setProtectedHeader(header).sign(key)
}
