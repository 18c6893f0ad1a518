/**
 * Sockets and streams that are open on this instance, by person and by address. Each keeps memory and is sent events for as
 * long as it likes, so requests' limits do not bound them. A place is taken by `enter` and given back once, at the end.
 */
import type { FastifyBaseLogger } from 'fastify'

export interface ConnectionLimits {
  socketsPerPerson: number
  socketsPerAddress: number
}

const tellEveryMs = 60_000

export class OpenConnections {
  readonly #limits: ConnectionLimits
  readonly #log: FastifyBaseLogger
  readonly #open = new Map<string, number>()
  readonly #toldAt = { address: Number.NEGATIVE_INFINITY, person: Number.NEGATIVE_INFINITY }

  constructor(limits: ConnectionLimits, log: FastifyBaseLogger) {
    this.#limits = limits
    this.#log = log
  }

  /** How many people and addresses have something open. */
  get size(): number {
    return this.#open.size
  }

  /** How many connections are open. */
  get open(): number {
    let open = 0
    for (const [key, number] of this.#open) if (key.startsWith('address ')) open += number
    return open
  }

  /** Null when there are too many; else to be called at the end of the connection, more often without effect. */
  enter(ip: string, userId: string | null): (() => void) | null {
    const { socketsPerAddress, socketsPerPerson } = this.#limits
    const address = `address ${networkOf(ip)}`
    const person = userId === null ? null : `person ${userId}`
    if ((this.#open.get(address) ?? 0) >= socketsPerAddress) return this.#refuse('address', socketsPerAddress)
    if (person && (this.#open.get(person) ?? 0) >= socketsPerPerson) return this.#refuse('person', socketsPerPerson)
    const keys = person ? [address, person] : [address]
    for (const key of keys) this.#open.set(key, (this.#open.get(key) ?? 0) + 1)
    return () => {
      for (const key of keys.splice(0)) {
        const left = (this.#open.get(key) ?? 0) - 1
        if (left > 0) this.#open.set(key, left)
        else this.#open.delete(key)
      }
    }
  }

  #refuse(by: 'address' | 'person', limit: number): null {
    // Once a minute: who is refused tries again.
    if (performance.now() - this.#toldAt[by] > tellEveryMs) {
      this.#toldAt[by] = performance.now()
      const advice = by === 'address' ? '; behind a proxy all clients have its address unless TRUST_PROXY names it' : ''
      this.#log.warn({ limit }, `too many open sockets and streams of one ${by}, refusing more${advice}`)
    }
    return null
  }
}

/** Some proxies say the port too (Azure's, IIS): another with each connection, and not another network. */
const withPort = /^\[(.*)\](?::\d+)?$|^([\d.]+):\d+$/

/**
 * IPv6 by its /64, of which whoever has one address has all; IPv4 as it is, also where it is written as IPv6. What is no
 * address, which a trusted proxy may say, stands for itself. Undefined on a Unix socket, whatever Fastify's type of it says.
 */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return 'unknown'
  const [, ipv6, ipv4] = withPort.exec(address) ?? []
  const ip = ipv6 ?? ipv4 ?? address
  const plain = ip.split('%')[0] as string
  if (!plain.includes(':') || !URL.canParse(`http://[${plain}]`)) return ip
  const canonical = new URL(`http://[${plain}]`).hostname.slice(1, -1)
  const [head = '', tail] = canonical.split('::')
  const [left, right] = [head, tail ?? ''].map((part) => part.split(':').filter((group) => group !== ''))
  const zeros = Array<string>(8 - (left?.length ?? 0) - (right?.length ?? 0)).fill('0')
  const groups = [...(left ?? []), ...zeros, ...(right ?? [])]
  if (groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff') {
    const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16))
    return [high >> 8, high & 255, low >> 8, low & 255].join('.')
  }
  return `${groups.slice(0, 4).join(':')}::/64`
}
