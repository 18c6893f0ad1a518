/**
 * `X-User-Id`, by which a product names its people while it moves over. It is a word and no proof, so it counts only where the
 * operator has switched it on, from a peer that the settings trust and that knows the secret: the proxy of the product, which
 * knows who asks. What an `X-Forwarded-For` says of the peer is not asked.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import type { Config } from '../config/config.ts'

/** `bad`: there is one, and nobody may be taken for whom it names. */
export type LegacyWord = { kind: 'none' } | { kind: 'bad' } | { kind: 'vouched'; legacyId: string }

type Bridge = NonNullable<Config['auth']['legacyHeader']>

export class LegacyHeader {
  readonly #trusted = new BlockList()
  readonly #loopback = addressList(['127.0.0.0/8', '::1'])
  readonly #secret: Bridge['secret']
  readonly #production: boolean

  constructor({ trustedCidrs, secret }: Bridge, production: boolean) {
    this.#trusted = addressList(trustedCidrs)
    this.#secret = secret
    this.#production = production
  }

  /** Each header is counted where nothing is joined yet: doubled, one was tossed in. */
  read(raw: Pick<IncomingMessage, 'rawHeaders' | 'socket'>): LegacyWord {
    const [ids, secrets] = [valuesOf(raw, 'x-user-id'), valuesOf(raw, 'x-legacy-secret')]
    const [legacyId = ''] = ids
    if (ids.length === 0) return { kind: 'none' }
    const vouched = ids.length === 1 && legacyIdForm.test(legacyId) && this.#trusts(raw.socket.remoteAddress, secrets)
    return vouched ? { kind: 'vouched', legacyId } : { kind: 'bad' }
  }

  /** While developing, this machine needs neither to be listed nor to know the secret; a wrong one is refused all the same. */
  #trusts(peer: string | undefined, secrets: string[]): boolean {
    const atHome = !this.#production && contains(this.#loopback, peer)
    if (!atHome && !contains(this.#trusted, peer)) return false
    if (secrets.length === 0) return atHome
    return secrets.length === 1 && this.#secret !== null && isSame(secrets[0] as string, this.#secret)
  }
}

/** One id, of signs that can be seen. A comma would make it a list, which some proxies write for a header that came twice. */
const legacyIdForm = /^[!-+\--~]{1,128}$/

function valuesOf({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>, name: string): string[] {
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name)
}

function addressList(cidrs: readonly string[]): BlockList {
  const addresses = new BlockList()
  for (const cidr of cidrs) {
    const [address = '', bits] = cidr.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) addresses.addAddress(address, family)
    else addresses.addSubnet(address, Number(bits), family)
  }
  return addresses
}

/** An IPv4 peer of a socket that takes both families (`::ffff:…`) is found among the IPv4 ones. */
const contains = (addresses: BlockList, peer: string | undefined) =>
  peer !== undefined && addresses.check(peer, isIP(peer) === 6 ? 'ipv6' : 'ipv4')

/** Digests are of one length, so neither the time nor a throw tells anything of the secret. */
const isSame = (given: string, secret: string) => timingSafeEqual(digest(given), digest(secret))
const digest = (text: string) => createHash('sha256').update(text).digest()
