import { Socket } from 'node:net'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { atEnd } from '../../test/at-end.ts'
import { createTestDatabase } from '../../test/database.ts'
import { TcpProxy } from '../../test/tcp-proxy.ts'
import { ConnectionPool } from './connection-pool.ts'
import { type ConnectionSettings, maxPrepared, PostgresConnection } from './postgres-connection.ts'

const database = await createTestDatabase()
const address = new URL(database.url)
const proxy = await TcpProxy.before(Number(address.port || 5432))
address.host = `127.0.0.1:${proxy.port}`
afterAll(async () => {
  await proxy.close()
  await database.drop()
})

function connectionTo(url: string, settings: Partial<ConnectionSettings> = {}): PostgresConnection {
  const connection = new PostgresConnection(url, {
    session: { application_name: 'a test' },
    connectMs: 1_000,
    answerMs: 60_000,
    ...settings,
  })
  atEnd(async () => connection.close())
  return connection
}
const codeOf = (query: Promise<unknown>) =>
  query.then(
    () => 'no error',
    ({ code }) => code,
  )

describe('a value', () => {
  const connection = connectionTo(database.url)
  const hostile = 'a "quoted" \\ back\\\\slash, {brace} NULL \n 🧵'

  it.each([
    ['text', hostile, hostile],
    ['text', '', ''],
    ['text', null, null],
    ['text', undefined, null],
    ['boolean', true, true],
    ['boolean', false, false],
    ['integer', -5, -5],
    ['float8', 0.1, 0.1],
    ['bigint', 9007199254740993n, '9007199254740993'],
    ['bigint', '9007199254740993', '9007199254740993'],
    ['numeric', '1.10', '1.10'],
    ['uuid', '018f4e2a-0000-7000-8000-000000000001', '018f4e2a-0000-7000-8000-000000000001'],
    ['date', '2026-02-28', '2026-02-28'],
    ['timestamp', '2026-02-28 12:00:00.123', '2026-02-28 12:00:00.123'],
    ['timestamptz', new Date('2026-02-28T12:00:00.123Z'), '2026-02-28 12:00:00.123+00'],
    ['bytea', Buffer.from([0, 255, 92]), Buffer.from([0, 255, 92])],
    ['json', JSON.stringify({ a: [1, hostile, null] }), { a: [1, hostile, null] }],
    ['jsonb', { a: [1, hostile, null] }, { a: [1, hostile, null] }],
    ['jsonb', '"text"', 'text'],
    ['jsonb', 'null', null],
  ])('of type %s is what was stored: %o', async (type, value, stored) => {
    const statement = { text: `select $1::${type} as value`, values: [value] }
    // A prepared statement has its types from the second time on.
    for (const prepare of [false, true, true]) {
      expect(await connection.query({ ...statement, prepare })).toEqual([{ value: stored }])
    }
    expect(await connection.query({ ...statement, asArrays: true })).toEqual([[stored]])
  })

  it.each([
    ['text', [hostile, '', 'NULL', null]],
    ['integer', [1, -2, null]],
    ['boolean', [true, false]],
    ['jsonb', [{ a: hostile }]],
    ['timestamptz', [new Date('2026-02-28T12:00:00.123Z')]],
    ['text', [[hostile], ['b']]],
    ['text', []],
  ])('that is an array of %s is what was stored: %o', async (type, values) => {
    for (const prepare of [false, true, true]) {
      const text = `select to_jsonb($1::${type}[]) as value, cardinality($1::${type}[]) as size`
      const [row] = await connection.query({ text, values: [values], prepare })
      const { value, size } = row as { value: unknown; size: number }
      expect(size).toBe(values.flat().length)
      if (type !== 'timestamptz') expect(value).toEqual(values)
      else expect((value as string[]).map((text) => new Date(text))).toEqual(values)
    }
  })
})

it('sends each statement in one piece, also an unprepared one with parameters', async () => {
  const connection = connectionTo(database.url)
  await connection.query({ text: 'select 1' })
  const write = vi.spyOn(Socket.prototype, 'write')
  atEnd(async () => write.mockRestore())
  for (const prepare of [false, false, true, true]) {
    write.mockClear()
    expect(await connection.query({ text: 'select $1::integer as n', values: [1], prepare })).toEqual([{ n: 1 }])
    expect(write).toHaveBeenCalledTimes(1)
  }
})

it('executes statements in the order of the calls, also more than postgres.js sends at once', async () => {
  const connection = connectionTo(database.url)
  await connection.query({ text: 'create temporary table journal (n integer, turn serial)' })
  const numbers = Array.from({ length: 350 }, (_, n) => n)
  const inserted = numbers.map((n) =>
    connection.query({ text: 'insert into journal values ($1) returning n', values: [n], prepare: n % 2 === 0 }),
  )
  expect(await connection.query({ text: 'select n from journal order by turn', asArrays: true })).toEqual(
    numbers.map((n) => [n]),
  )
  expect(await Promise.all(inserted)).toEqual(numbers.map((n) => [{ n }]))
})

it('prepares no more statements than the bound, and executes the others unprepared', async () => {
  const connection = connectionTo(database.url)
  for (let n = 0; n < maxPrepared + 10; n++) {
    expect(await connection.query({ text: `select ${n} as n`, prepare: true })).toEqual([{ n }])
  }
  const [row] = await connection.query({ text: 'select count(*)::integer as n from pg_prepared_statements' })
  expect(row).toEqual({ n: maxPrepared })
  expect(await connection.query({ text: 'select 3 as n', prepare: true })).toEqual([{ n: 3 }])
})

describe('a lost connection', () => {
  it('fails what is in flight and all that follows, and is not made again', async () => {
    const connection = connectionTo(address.href)
    await connection.query({ text: 'select 1' })
    const { accepted } = proxy
    const inFlight = [1, 2, 3].map((n) => connection.query({ text: `select pg_sleep(60), ${n}` }))
    proxy.cut()
    expect(await Promise.all(inFlight.map(codeOf))).toEqual(Array(3).fill('DATABASE_UNAVAILABLE'))
    expect(connection.isLost).toBe(true)
    expect(await codeOf(connection.query({ text: 'select 1' }))).toBe('DATABASE_UNAVAILABLE')
    expect(proxy.accepted).toBe(accepted)
  })

  it('fails a statement that is sent in the moment of the loss', async () => {
    const connection = connectionTo(address.href)
    await connection.query({ text: 'select 1' })
    const other = connectionTo(database.url)
    const [row] = await connection.query({ text: 'select pg_backend_pid() as pid' })
    await other.query({ text: 'select pg_terminate_backend($1)', values: [(row as { pid: number }).pid] })
    const codes = []
    while (!connection.isLost) codes.push(await codeOf(connection.query({ text: 'select 1' })))
    expect(codes.at(-1) ?? 'DATABASE_UNAVAILABLE').toBe('DATABASE_UNAVAILABLE')
  })

  it('is one that does not answer in time', async () => {
    const onLost = vi.fn()
    const connection = connectionTo(address.href, { answerMs: 200, onLost })
    await connection.query({ text: 'select 1' })
    proxy.silence()
    expect(await codeOf(connection.query({ text: 'select 1' }))).toBe('DATABASE_UNAVAILABLE')
    expect(onLost.mock.calls).toEqual([[true]])
  })

  it('is one that cannot be made', async () => {
    proxy.mode = 'hang-up'
    atEnd(async () => {
      proxy.mode = 'pass'
    })
    const { accepted } = proxy
    const connection = connectionTo(address.href)
    expect(await codeOf(connection.query({ text: 'select 1' }))).toBe('DATABASE_UNAVAILABLE')
    expect(proxy.accepted - accepted).toBe(1)
  })

  it('is one that was closed, before it was made too', async () => {
    const connection = connectionTo(address.href)
    const query = codeOf(connection.query({ text: 'select 1' }))
    const { accepted } = proxy
    connection.close()
    expect(await query).toBe('DATABASE_UNAVAILABLE')
    expect(proxy.accepted).toBe(accepted)
  })
})

describe('a pool', () => {
  it('replaces the connections that are older than a silence, before they are used', async () => {
    const pool = new ConnectionPool(async (onSilence) => {
      const connection = connectionTo(address.href, { answerMs: 500, onLost: (isSilent) => isSilent && onSilence() })
      await connection.query({ text: 'select 1' })
      return connection
    }, 3)
    atEnd(() => pool.close())
    const query = () => pool.run((connection) => connection.query({ text: 'select 1 as n' }))
    await Promise.all([query(), query(), query()])
    proxy.silence()
    expect(await codeOf(query())).toBe('DATABASE_UNAVAILABLE')
    expect(await Promise.all([query(), query(), query()])).toEqual(Array(3).fill([{ n: 1 }]))
  })

  it('refuses to run a task once it is closed', async () => {
    const pool = new ConnectionPool(async () => connectionTo(database.url), 1)
    await pool.close()
    expect(await codeOf(pool.run(async () => {}))).toBe('DATABASE_UNAVAILABLE')
  })
})
