/**
 * Hashes of passwords: argon2id, and bcrypt as imports bring it. Few are computed at once and the others wait their turn, for
 * each takes a core, 19 MiB and one of the four threads that files and names are looked up on too: a rush of sign-ins may slow
 * itself down and nothing else. A check takes the same time whether or not there is a hash to check against.
 */
import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import type { Algorithm, Options } from '@node-rs/argon2'
import { PoolGate } from '../db/pool-gate.ts'

/** OWASP's first choice of the small ones (Password Storage Cheat Sheet): the memory is what a thief with GPUs pays for. */
const parameters = { algorithm: 2 satisfies Algorithm.Argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** Half of the thread pool at most, and one core left for everybody else. */
const atOnce = Math.max(1, Math.min(2, availableParallelism() - 1))
/** Longer than a person waits; a third of what a request may take. */
const waitMs = 5000

/** bcrypt reads no further. */
const bcryptBytes = 72
/** An imported hash must not be able to hold a thread for minutes. */
const greatestBcryptCost = 14

const text = (bytes: number) => randomBytes(bytes).toString('base64').replace(/=+$/, '')
/** Well-formed and of no password: what the passwords of accounts without one are compared with. */
const nobodys = `$argon2id$v=19$m=${parameters.memoryCost},t=${parameters.timeCost},p=1$${text(16)}$${text(32)}`

/** `stale`: good, and to be replaced by a hash of the same password as they are made today. */
export type PasswordCheck = { good: boolean; stale: boolean }

export class PasswordHashes {
  readonly #gate = new PoolGate(atOnce, waitMs)

  /** Outside of transactions, which would keep their connection while this waits. @throws AppError SERVER_BUSY */
  async make(password: string): Promise<string> {
    return this.#gate.run(async () => {
      const { hash } = await import('@node-rs/argon2')
      return hash(password, parameters)
    })
  }

  /** Against null it takes as long and is never good. Outside of transactions. @throws AppError SERVER_BUSY */
  async check(stored: string | null, password: string): Promise<PasswordCheck> {
    return this.#gate.run(() => check(stored ?? nobodys, password))
  }
}

async function check(stored: string, password: string): Promise<PasswordCheck> {
  if (stored.startsWith('$argon2')) {
    const { parseOptions, verify } = await import('@node-rs/argon2')
    if (!(await verify(stored, password))) return { good: false, stale: false }
    return { good: true, stale: !isOfToday(parseOptions(stored)) }
  }
  const [, cost] = /^\$2[aby]\$(\d\d)\$/.exec(stored) ?? []
  if (cost === undefined) throw new Error('a stored password is neither of argon2 nor of bcrypt')
  if (Number(cost) > greatestBcryptCost)
    throw new Error(`a bcrypt hash of cost ${cost} is not checked: the most is ${greatestBcryptCost}`)
  const { verify } = await import('@node-rs/bcrypt')
  const good = await verify(password, stored)
  // What lies behind the 72 bytes was not compared: a slip there must not become the password.
  return { good, stale: good && Buffer.byteLength(password) <= bcryptBytes }
}

function isOfToday({ algorithm, memoryCost, timeCost, parallelism }: Options): boolean {
  const made = { algorithm, memoryCost, timeCost, parallelism }
  return Object.entries(parameters).every(([name, value]) => made[name as keyof typeof made] === value)
}
