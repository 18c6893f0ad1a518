/**
 * A database for one run, on a real Postgres (BENCH_DATABASE_URL names the server), dropped at the end. People, sessions and
 * drafts are put straight into it: how they come about is not measured.
 */
import { readFileSync } from 'node:fs'
import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { v7 } from 'uuid'
import { draftCollaborators, drafts } from '../server/features/drafts/table.ts'
import { hashSessionToken, newSessionToken } from '../server/platform/identity/session-token.ts'
import { sessions, users } from '../server/platform/identity/table.ts'

export interface Person {
  id: string
  cookie: string
}

export interface Seeded {
  id: string
  ownerId: string
}

const dayMs = 86_400_000
let created = 0
/** USER_HZ, the same on every Linux. */
const ticksPerS = 100

export class OwnDatabase {
  readonly url: string
  readonly #name: string
  readonly #admin: pg.Client
  readonly #pool: pg.Pool

  static async create(): Promise<OwnDatabase> {
    const server = process.env.BENCH_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'
    const admin = new pg.Client(server)
    await admin.connect()
    const name = `plinth_bench_${process.pid}${created++ === 0 ? '' : `_${created}`}`
    await admin.query(`create database ${name}`)
    return new OwnDatabase(server, admin, name)
  }

  constructor(server: string, admin: pg.Client, name: string) {
    this.#admin = admin
    this.#name = name
    const url = new URL(server)
    url.pathname = `/${name}`
    this.url = url.href
    this.#pool = new pg.Pool({ connectionString: this.url, max: 1 }).on('error', () => {})
  }

  /** Once the schema is there. Each is signed in. */
  async people(number: number): Promise<Person[]> {
    const db = drizzle(this.#pool)
    const made = Array.from({ length: number }, (_, n) => ({
      id: v7(),
      displayName: `Person ${n}`,
      token: newSessionToken(),
    }))
    await db.insert(users).values(made)
    await db.insert(sessions).values(
      made.map(({ id, token }) => ({
        userId: id,
        tokenHash: hashSessionToken(token) as string,
        expiresAt: new Date(Date.now() + dayMs),
      })),
    )
    // As it would have done by itself later: without, Postgres plans for empty tables.
    await this.#pool.query('analyze')
    return made.map(({ id, token }) => ({ id, cookie: `plinth_session=${token}` }))
  }

  /** One for each owner; `readers` may follow all of them. */
  async drafts(owners: Person[], readers: Person[] = []): Promise<Seeded[]> {
    const db = drizzle(this.#pool)
    const made = owners.map(({ id }) => ({ id: v7(), title: 'Draft', ownerId: id, ringHolderId: id }))
    await db.insert(drafts).values(made)
    await db.insert(draftCollaborators).values(
      made.flatMap(({ id, ownerId }) => {
        const those = new Set([ownerId, ...readers.map((reader) => reader.id)])
        return [...those].map((userId) => ({ draftId: id, userId }))
      }),
    )
    return made
  }

  /** For rows that are easier made where they are kept. */
  async query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.#pool.query<Row>(text, values)).rows
  }

  /** What each of its connections has used so far, by pid. */
  async cpu(): Promise<Map<number, number>> {
    const { rows } = await this.#pool.query<{ pid: number }>(
      "select pid from pg_stat_activity where datname = current_database() and backend_type = 'client backend'",
    )
    return new Map(rows.map(({ pid }) => [pid, cpuTicks(pid) / ticksPerS]))
  }

  /**
   * Seconds used since `before`. NaN where that cannot be told: a connection of then has ended and took its time along, or the
   * processes are not of this machine.
   */
  async cpuSince(before: Map<number, number>): Promise<number> {
    const now = await this.cpu()
    if ([...before.keys()].some((pid) => !now.has(pid))) return Number.NaN
    // One that has come since began with nothing.
    return [...now].reduce((sum, [pid, used]) => sum + used - (before.get(pid) ?? 0), 0)
  }

  async drop(): Promise<void> {
    await this.#pool.end()
    await this.#admin.query(`drop database if exists ${this.#name} with (force)`)
    await this.#admin.end()
  }
}

/** User and system time: fields 14 and 15 of proc(5), after a name that may hold anything. */
function cpuTicks(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return Number(fields[11]) + Number(fields[12])
  } catch {
    return Number.NaN
  }
}
