/**
 * Every field of every input, given what breaks parsers, stores and terminals: refused as the caller's fault, or kept byte for byte.
 * A new procedure is swept as soon as calls.ts says how it is called.
 */
import { describe, expect, it } from 'vitest'
import { buildTestApp } from './app.ts'
import { type Person, prepareCall } from './calls.ts'
import { signedIn } from './followers.ts'
import { texts } from './hostile/dictionary.ts'
import { JsonText, toJson } from './hostile/json-text.ts'
import { type Procedure, procedures, type Schema } from './hostile/procedures.ts'
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
  type: Procedure['type']
  field: string
  schema: Schema
}

// An operator's streams are no browser's: what they follow is typed on the machine itself.
const callable = procedures.filter(({ type, access }) => type !== 'subscription' || access !== 'operator')
const fields: Field[] = callable.flatMap(({ path, type, input }) =>
  (input?.allOf ?? []).flatMap((schema) =>
    Object.entries(schema.properties ?? {}).map(([field, one]) => ({ path, type, field, schema: one })),
  ),
)
const ofType = (...types: string[]) =>
  fields.filter(({ schema }) => types.some((type) => [schema.type].flat().includes(type)))
const free = fields.filter(({ schema }) => schema.type === 'string' && !schema.enum)

/** A moment is kept to the millisecond. */
const moment = ({ schema }: Field, text: string) =>
  schema.format === 'date-time' ? [new Date(text).toISOString()] : []
/** What has been seen cannot be of tomorrow. */
const isPast = ({ field }: Field) => field === 'detectedAt'

type Ask = (value: unknown) => Promise<{ status: number; data: Record<string, unknown> | null; body: string }>

/** Asks with the one field changed. What a call uses up is not there at the next, which is an answer too. */
async function asking({ path, type, field }: Field): Promise<Ask> {
  const me = await signedIn(app)
  const { input = {} } = await prepareCall(app, path, me)
  if (type === 'subscription') return following(me, path, field, input)
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

async function following({ browser }: Person, path: string, field: string, input: object): Promise<Ask> {
  url ??= app.listen()
  const socket = await TestSocket.openAs(await url, browser)
  let id = 0
  return async (value) => {
    socket.ws.send(toJson({ id: ++id, method: 'subscription', params: { path, input: { ...input, [field]: value } } }))
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

describe.each(free)('$path: $field', (field) => {
  it('refuses each text, or keeps it byte for byte', async () => {
    const ask = await asking(field)
    // Each that is compared costs as much as a password should; and of ids one is refused as the other is.
    const isOneOfMany = secretField.test(field.field) || field.schema.format === 'uuid'
    const some = isOneOfMany ? texts.filter((_, at) => at % 6 === 0) : texts
    // A frame of a socket may not be as long.
    const long = 'x'.repeat(field.type === 'subscription' ? 100_000 : 900_000)
    for (const text of [...some, long]) {
      const { status, data, body } = await ask(text)
      expect(isFair(status), `${JSON.stringify(text.slice(0, 80))}: ${status} ${body.slice(0, 300)}`).toBe(true)
      const kept = data?.[field.field]
      if (typeof kept === 'string')
        expect([text, text.trim(), text.toLowerCase(), ...moment(field, text)]).toContain(kept)
    }
  })

  it('refuses what is no text', async () => {
    const ask = await asking(field)
    for (const value of [0, true, [], ['x'], {}, { toString: 'x' }, new JsonText('{"__proto__":"x"}')]) {
      const { status, body } = await ask(value)
      expect(status, `${toJson(value)} ${body.slice(0, 300)}`).toBe(400)
    }
    if (field.type !== 'mutation') return
    for (const bytes of noText) {
      const { status, body } = await ask(Buffer.from(bytes, 'hex'))
      expect(status, `${bytes} ${body.slice(0, 300)}`).toBe(400)
    }
  })
})

describe.each(ofType('integer', 'number'))('$path: $field', (field) => {
  it('refuses what is no such number, or beyond what it may be', async () => {
    const ask = await asking(field)
    const beyond = String((field.schema.maximum ?? Number.MAX_SAFE_INTEGER) + 1)
    for (const value of [...numbers, beyond]) expect((await ask(new JsonText(value))).status, value).toBe(400)
  })
})

describe.each(ofType('boolean'))('$path: $field', (field) => {
  it('refuses what only looks like yes or no', async () => {
    const ask = await asking(field)
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
