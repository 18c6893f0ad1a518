/**
 * The token with which commands on this machine act as the operator at a server that has the embedded database open. Made anew at each
 * start and worth nothing after it. Taken from a peer on this machine alone, and never through a proxy, whose own address
 * would vouch for whoever it forwards.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const prefix = 'plinth_operator_'

/** Whether this is for `OperatorToken` to judge, and for nobody else. */
export const isOperatorToken = (token: string): boolean => token.startsWith(prefix)

export class OperatorToken {
  #hash: Buffer | null = null

  /** Returns the token that is good from now on; only its hash is kept. */
  issue(): string {
    const token = prefix + randomBytes(32).toString('base64url')
    this.#hash = hashOf(token)
    return token
  }

  revoke(): void {
    this.#hash = null
  }

  /** `raw`: the request, for its peer. */
  admits(token: string, raw: IncomingMessage): boolean {
    // Both of one length, so the time says nothing.
    return this.#hash !== null && isFromHere(raw) && timingSafeEqual(hashOf(token), this.#hash)
  }
}

const hashOf = (token: string) => createHash('sha256').update(token).digest()

const ownAddress = /^(127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/
const forwarding = /^(x-forwarded|forwarded$|via$|x-real-ip$|x-client-ip$|true-client-ip$|cf-connecting-ip$)/

function isFromHere({ socket, headers }: IncomingMessage): boolean {
  return ownAddress.test(socket?.remoteAddress ?? '') && !Object.keys(headers).some((name) => forwarding.test(name))
}
