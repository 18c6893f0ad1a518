/**
 * Every field of every input, given what breaks parsers, stores and terminals: refused as the caller's fault, or kept byte for byte.
 * A new procedure is swept as soon as calls.ts says how it is called.
 */
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { buildTestApp } from './app.ts'
import { type Person, prepareCall, procedures } from './calls.ts'
import { signedIn } from './followers.ts'
import { texts } from './hostile/dictionary.ts'
import { JsonText, toJson } from './hostile/json-text.ts'
import { type Schema, toSchema } from './hostile/procedures.ts'
import { TestSocket } from './socket.ts'

const app = await buildTestApp()
let url: Promise<string> | undefined

const numbers = ['-1', '-0', '0', '1.5', '2147483648', '9007199254740993', '1e9', '1e309', '"1"', 'true', '[1]', 'null']
const booleans = ['"true"', '1', '0', 'null', '[]', '{}']
/** A day or an hour that no calendar has, or a year that no column has. */
const noMoments = [
  '2026-02-30T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2016-12-31T23:59:60Z',
  '2026-01-01T24:00:00Z',
  '10000-01-01T00:00:00Z',
  '-000001-01-01T00:00:00Z',
  '2026-01-01',
  '2026-01-01T00:00:00',
  '1700000000000',
]
/** What is no text in UTF-8: overlong, half a pair, cut, and a byte of nobody's. */
const noText = ['c080', 'eda080', 'e28228', 'f0288c28', 'c3', 'ff']
const secretField = /password|token|code/i

interface Field {
  path: string
  type: (typeof procedures)[number]['type']
  field: string
  schema: Schema
  /** Equal for fields of one Zod schema: it checks more than its JSON Schema says. All ids are equal. */
  key: unknown
}

/** The schema inside `optional`, `nullable` and defaults. */
const bare = (schema: z.ZodType): z.ZodType =>
  'innerType' in schema.def ? bare(schema.def.innerType as z.ZodType) : schema

// An operator's streams are no browser's: what they follow is typed on the machine itself.
const callable = procedures.filter(({ type, meta }) => type !== 'subscription' || meta?.access !== 'operator')
const fields: Field[] = callable.flatMap(({ path, type, inputs }) =>
  inputs.flatMap((input) =>
    Object.entries(toSchema(input).properties ?? {}).map(([field, schema]) => {
      const { shape } = bare(input) as z.ZodObject
      const key = schema.format === 'uuid' ? 'uuid' : bare(shape[field] as z.ZodType)
      return { path, type, field, schema, key }
    }),
  ),
)
const ofType = (...types: string[]) =>
  fields.filter(({ schema }) => types.some((type) => [schema.type].flat().includes(type)))
const free = fields.filter(({ schema }) => schema.type === 'string' && !schema.enum)
const mutationsWithText = [
  ...Map.groupBy(
    free.filter(({ type }) => type === 'mutation'),
    ({ path }) => path,
  ).values(),
].map(([first]) => first as Field)

/** A moment is kept to the millisecond. */
const moment = ({ schema }: Field, text: string) =>
  schema.format === 'date-time' ? [new Date(text).toISOString()] : []
/** What has been seen cannot be of tomorrow. */
const isPast = ({ field }: Field) => field === 'detectedAt'

type Ask = (value: unknown) => Promise<{ status: number; data: Record<string, unknown> | null; body: string }>

interface Prepared {
  me: Person
  input: Record<string, unknown>
  socket: TestSocket | null
}

async function prepare({ path, type }: Field): Promise<Prepared> {
  const me = await signedIn(app)
  const { input = {} } = await prepareCall(app, path, me)
  if (type === 'subscription') url ??= app.listen()
  return { me, input, socket: url && type === 'subscription' ? await TestSocket.openAs(await url, me.browser) : null }
}

/** Asks with the one field changed. What a call uses up is not there at the next, which is an answer too. */
const asking = async (field: Field) => asked(await prepare(field), field)

const preparedOnce = new Map<string, Promise<Prepared>>()

/** As `asking`, for values that are always refused: they change nothing, so one preparation is enough for a procedure. */
async function askingShared(field: Field): Promise<Ask> {
  const prepared = preparedOnce.get(field.path) ?? prepare(field)
  preparedOnce.set(field.path, prepared)
  return asked(await prepared, field)
}

function asked({ me, input, socket }: Prepared, { path, type, field }: Field): Ask {
  if (socket) return following(socket, path, field, input)
  return async (value) => {
    const json =
      value instanceof Buffer ? around(input, field, value) : Buffer.from(toJson({ ...input, [field]: value }))
    const answer =
      type === 'query'
        ? await me.browser.get(`/trpc/${path}?input=${encodeURIComponent(json.toString())}`)
        : await me.browser.send({
            method: 'POST',
            url: `/trpc/${path}`,
            headers: { 'content-type': 'application/json' },
            payload: json,
          })
    const { result } = answer.json()
    return { status: answer.statusCode, data: result?.data ?? null, body: answer.body }
  }
}

let lastId = 0

function following(socket: TestSocket, path: string, field: string, input: object): Ask {
  return async (value) => {
    const id = ++lastId
    socket.ws.send(toJson({ id, method: 'subscription', params: { path, input: { ...input, [field]: value } } }))
    const { error } = await socket.answerTo(id)
    socket.stop(id)
    return { status: error?.data.httpStatus ?? 200, data: null, body: JSON.stringify(error ?? null) }
  }
}

/** The bytes as a text of JSON, whatever they are. */
function around(input: object, field: string, bytes: Buffer): Buffer {
  const [before = '', after = ''] = toJson({ ...input, [field]: new JsonText('"a|b"') }).split('|')
  return Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)])
}

const isFair = (status: number) => status === 200 || (status >= 400 && status < 500)

/** One of each kind that Postgres, UTF-8 or a log cannot store: what refuses it may stand behind the field, so each field is sent it. */
const unstorable = ['', 'a\u0000b', 'x\udc00y', 'a\r\nx-injected: 1\r\n\r\n']
const everyNth = (n: number, from = 0) => texts.filter((_, at) => at % n === from % n)

/** Of the fields of one schema, the first is sent all texts, and each other one a different part of them. */
const textsFor = new Map<Field, readonly string[]>()
for (const [first, ...others] of Map.groupBy(free, ({ key }) => key).values()) {
  // Each that is compared costs as much as a password should.
  if (first) textsFor.set(first, secretField.test(first.field) ? everyNth(6) : texts)
  const share = Math.max(6, others.length)
  for (const [n, field] of others.entries()) textsFor.set(field, [...new Set([...unstorable, ...everyNth(share, n)])])
}

describe.each(free)('$path: $field', (field) => {
  it('refuses what is no text', async () => {
    const ask = await askingShared(field)
    for (const value of [0, true, [], ['x'], {}, { toString: 'x' }, new JsonText('{"__proto__":"x"}')]) {
      const { status, body } = await ask(value)
      expect(status, `${toJson(value)} ${body.slice(0, 300)}`).toBe(400)
    }
  })

  it('refuses each text, or keeps it byte for byte', async () => {
    const ask = await asking(field)
    // A frame of a socket may not be as long.
    const long = 'x'.repeat(field.type === 'subscription' ? 100_000 : 900_000)
    for (const text of [...(textsFor.get(field) ?? []), long]) {
      const { status, data, body } = await ask(text)
      expect(isFair(status), `${JSON.stringify(text.slice(0, 80))}: ${status} ${body.slice(0, 300)}`).toBe(true)
      const kept = data?.[field.field]
      if (typeof kept === 'string')
        expect([text, text.trim(), text.toLowerCase(), ...moment(field, text)]).toContain(kept)
    }
  })
})

// The body is decoded before its fields are read, so one field of a procedure is enough.
describe.each(mutationsWithText)('$path: $field', (field) => {
  it('refuses bytes that are no text', async () => {
    const ask = await askingShared(field)
    for (const bytes of noText) {
      const { status, body } = await ask(Buffer.from(bytes, 'hex'))
      expect(status, `${bytes} ${body.slice(0, 300)}`).toBe(400)
    }
  })
})

describe.each(ofType('integer', 'number'))('$path: $field', (field) => {
  it('refuses what is no such number, or beyond what it may be', async () => {
    const ask = await askingShared(field)
    const beyond = String((field.schema.maximum ?? Number.MAX_SAFE_INTEGER) + 1)
    for (const value of [...numbers, beyond]) expect((await ask(new JsonText(value))).status, value).toBe(400)
  })
})

describe.each(ofType('boolean'))('$path: $field', (field) => {
  it('refuses what only looks like yes or no', async () => {
    const ask = await askingShared(field)
    for (const value of booleans) expect((await ask(new JsonText(value))).status, value).toBe(400)
  })
})

describe.each(free.filter(({ schema }) => schema.format === 'date-time'))('$path: $field', (field) => {
  it('refuses a moment that there is not', async () => {
    const ask = await asking(field)
    for (const moment of noMoments) expect((await ask(moment)).status, moment).toBe(400)
    expect((await ask('2024-02-29T00:00:00Z')).status).toBe(200)
    expect((await ask('9999-12-31T23:59:59.999Z')).status).toBe(isPast(field) ? 400 : 200)
  })
})

it('finds fields to sweep', () => {
  expect(free.length).toBeGreaterThan(20)
  expect(ofType('integer').length).toBeGreaterThan(0)
  expect(ofType('boolean').length).toBeGreaterThan(0)
})
