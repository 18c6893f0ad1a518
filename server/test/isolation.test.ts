/**
 * What is somebody's is nobody else's: a stranger of the same role sends every id of theirs, in every place of every input that takes one, and
 * is answered to the word as for an id that nobody has. Places come from the schemas and ids from the owner's answers, so a new procedure
 * is swept as soon as calls.ts says how it is called; what is meant to be otherwise is in the two tables below.
 */
import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { capabilities, hasCapability } from '../../shared/capabilities.ts'
import { TargetId } from '../../shared/id.ts'
import { users } from '../platform/identity/table.ts'
import { buildTestApp } from './app.ts'
import type { TestBrowser } from './browser.ts'
import { type Person, prepareCall, procedures, signInAgain } from './calls.ts'
import { type Door, trpcOutcome } from './door.ts'
import { doors } from './doors.ts'
import { linesOf } from './dump.ts'
import { signedIn } from './followers.ts'
import { mutableTables } from './mutable-tables.ts'
import { TestSocket } from './socket.ts'

type Procedure = (typeof procedures)[number]

/** Nouns that belong to nobody. What is each person's own of them is not: it is in the owner's view. */
const everybodys: Record<string, string> = {
  drifts: 'are what the whole team reviews',
  alerts: 'tell the whole team',
}

/** Places in which somebody else's id is meant to make a difference. `taken`: a client may name what it makes, and nothing has two owners. */
const exceptions: Record<string, 'found' | 'taken'> = {
  // By their ids, among other names of theirs.
  'drafts.addCollaborator person': 'found',
  'drafts.append segmentId': 'taken',
  'tasks.create taskId': 'taken',
  'conversations.create conversationId': 'taken',
  'conversations.messages.append messageId': 'taken',
}

const app = await buildTestApp()
const house = { app, url: await app.listen() }
const byHttp = doors.filter(({ name }) => name === 'tRPC' || name === 'REST')

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
/** Fields that take an id of a person beside other names. */
const namesPeople = /^(person|to|named)$/

/** What administrators manage is everybody's, and the operator is nobody. */
const swept = procedures.filter(({ meta }) => {
  const capability = capabilities.find((one) => one === meta?.access)
  return meta?.access !== 'operator' && !(capability && !hasCapability('engineer', capability))
})
const schemaOf = (input: z.ZodType) => z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' })
/** An id that the caller generates, or the id of an existing row. */
const isId = new RegExp(`"format":"uuid"|${schemaOf(TargetId).description ?? expect.unreachable()}`)
const fieldsOf = ({ inputs }: Procedure) =>
  inputs.flatMap((input) => {
    const fields = Object.entries(schemaOf(input).properties ?? {}).filter(
      ([field, one]) => namesPeople.test(field) || isId.test(JSON.stringify(one)),
    )
    return fields.map(([field]) => field)
  })
const placesOf = (procedure: Procedure) => fieldsOf(procedure).map((field) => `${procedure.path} ${field}`)
const withPlaces = swept.filter((procedure) => fieldsOf(procedure).length > 0)
const isEverybodys = ({ path }: Procedure) => Object.hasOwn(everybodys, path.split('.')[0] as string)

/** Sign-in and the like, whose input is a credential, act on no one's things. */
const isPrepared = (procedure: Procedure) => procedure.type !== 'mutation' || withPlaces.includes(procedure)

class Side {
  readonly person: Person
  readonly inputs = new Map<string, Record<string, unknown>>()

  static async create(): Promise<Side> {
    const person = await signedIn(app)
    await app.database.db.update(users).set({ role: 'engineer' }).where(eq(users.id, person.id))
    app.sessions.announceChanged(person.id)
    const side = new Side(person)
    const traces = ({ cookieHeader, headers, accessToken }: TestBrowser) =>
      JSON.stringify([cookieHeader, headers, accessToken])
    let browser = await signInAgain(app, person)
    for (const procedure of swept.filter(isPrepared)) {
      const before = traces(browser)
      side.inputs.set(procedure.path, (await prepareCall(app, procedure.path, { ...person, browser })).input ?? {})
      if (traces(browser) !== before) browser = await signInAgain(app, person)
    }
    return side
  }

  constructor(person: Person) {
    this.person = person
  }

  inputOf({ path }: Procedure): Record<string, unknown> {
    return this.inputs.get(path) ?? expect.unreachable(path)
  }

  async ask(door: Door, procedure: Procedure, input: Record<string, unknown>) {
    const { http: _, ...outcome } = await door.call(house, this.person.browser, { procedure, input })
    return outcome
  }

  /** Everything that they can read, but for what reading moves. */
  async view(): Promise<Map<string, string>> {
    const view = new Map<string, string>()
    for (const procedure of swept.filter(({ type }) => type === 'query')) {
      const { data, error } = await this.ask(byHttp[0] as Door, procedure, this.inputOf(procedure))
      expect([procedure.path, error]).toEqual([procedure.path, undefined])
      view.set(
        procedure.path,
        JSON.stringify(data, (name, inner) => (/^(last(Used|Active)|expires)At$/.test(name) ? undefined : inner)),
      )
    }
    return view
  }
}

const idsIn = (value: unknown): string[] => JSON.stringify(value)?.match(uuid) ?? []

/** One of each kind: of what noun, and what the field is called that it is in. */
function oneOfEach(found: ReadonlyMap<string, unknown>): Map<string, string> {
  const kinds = new Map<string, string>()
  const collect = (value: unknown, kind: string): void => {
    if (typeof value === 'string' && idsIn(value)[0] === value) kinds.set(kind, value)
    if (typeof value !== 'object' || value === null) return
    const noun = kind.split(' ')[0]
    for (const [name, inner] of Object.entries(value)) collect(inner, Array.isArray(value) ? kind : `${noun} ${name}`)
  }
  for (const [path, value] of found) collect(value, path.split('.')[0] as string)
  return kinds
}

let [owner, stranger] = [] as unknown as [Side, Side]
/** Everything that is the owner's alone, and some of it, to be sent. */
let theirs: ReadonlySet<string>
let some: string[]
/** The rows that contain an id of theirs. */
let stored: readonly string[]
/** What the owner has named by themselves, by place. */
const taken = new Map<string, string>()

beforeAll(async () => {
  owner = await Side.create()
  stranger = await Side.create()
  for (const procedure of withPlaces) {
    const place = placesOf(procedure).find((one) => exceptions[one] === 'taken')
    if (!place) continue
    const { data, error } = await owner.ask(byHttp[0] as Door, procedure, owner.inputOf(procedure))
    expect([procedure.path, error]).toEqual([procedure.path, undefined])
    taken.set(place, (data as { id: string }).id)
  }
  const before = await owner.view()
  const shared = new Set(
    swept.filter(isEverybodys).flatMap((one) => idsIn([before.get(one.path), owner.inputs.get(one.path)])),
  )
  shared.delete(owner.person.id)
  theirs = new Set(idsIn([...before.values(), ...owner.inputs.values()])).difference(shared)
  const answers = new Map(Array.from(before, ([path, answer]) => [path, JSON.parse(answer ?? 'null')]))
  const kinds = [...oneOfEach(owner.inputs).values(), ...oneOfEach(answers).values(), ...taken.values()]
  some = [...new Set(kinds)].filter((id) => theirs.has(id))
  stored = await storedOfTheirs()
  // Or an id of theirs would prove nothing.
  expect(idsIn([...stranger.inputs.values()]).filter((id) => theirs.has(id))).toEqual([])
})

async function storedOfTheirs(): Promise<string[]> {
  return (await linesOf(app, mutableTables)).filter((line) => idsIn(line).some((id) => theirs.has(id)))
}

/** One that nobody has, and that sorts beside `id`: where a list goes on after it, it goes on at the same place. */
const neverUsed = (id: string) =>
  `${id.slice(0, -4)}${((Number.parseInt(id.slice(-4), 16) + 1) & 0xffff).toString(16).padStart(4, '0')}`

/** What may differ between two calls that do the same. */
const settled = (procedure: Procedure, { data, error }: { data?: unknown; error?: unknown }, id: string) =>
  error ? { error } : { data: procedure.type === 'query' ? JSON.stringify(data).replaceAll(id, 'it') : 'done' }

type Ask = (input: Record<string, unknown>) => Promise<{ error?: unknown; data?: unknown }>

async function sweep(procedure: Procedure, ask: Ask): Promise<void> {
  const [own, whole] = [stranger.inputOf(procedure), owner.inputOf(procedure)]
  const asked = async (input: Record<string, unknown>, sent: unknown) => {
    const answer = await ask(input)
    expect(
      idsIn(answer).filter((id) => id !== sent && theirs.has(id)),
      JSON.stringify(input),
    ).toEqual([])
    return answer
  }
  for (const field of fieldsOf(procedure)) {
    const place = `${procedure.path} ${field}`
    const id = taken.get(place)
    if (id)
      expect([place, await asked({ ...own, [field]: id }, id)]).toMatchObject([place, { error: { code: 'CONFLICT' } }])
    if (exceptions[place]) continue
    let never: object | undefined
    for (const id of new Set([...some, ...idsIn(whole[field]).filter((id) => theirs.has(id))])) {
      const answer = settled(procedure, await asked({ ...own, [field]: id }, id), id)
      // A refusal is the same for all that nobody has.
      if (!never || 'data' in never) {
        never = settled(procedure, await ask({ ...own, [field]: neverUsed(id) }), neverUsed(id))
      }
      expect([place, id, answer]).toEqual([place, id, never])
    }
  }
  const unknown = fieldsOf(procedure).filter((field) => field in whole && !exceptions[`${procedure.path} ${field}`])
  if (isEverybodys(procedure) || unknown.length === 0) return
  const nobodys = Object.fromEntries(unknown.map((field) => [field, neverUsed(owner.person.id)]))
  expect(await ask(whole)).toEqual(await ask({ ...whole, ...nobodys }))
}

describe('what is somebody else’s', () => {
  it.each(withPlaces.filter(({ type }) => type !== 'subscription'))(
    'is neither returned to nor changed by another user: $path',
    async (procedure) => {
      for (const door of byHttp.filter((door) => door.leadsTo(procedure))) {
        await sweep(procedure, (input) => stranger.ask(door, procedure, input))
      }
      if (procedure.type === 'mutation') expect(await storedOfTheirs()).toEqual(stored)
    },
  )

  it.each(withPlaces.filter(({ type }) => type === 'subscription'))(
    'cannot be followed by another user: $path',
    async (procedure) => {
      const socket = await TestSocket.openAs(house.url, stranger.person.browser)
      await sweep(procedure, async (input) => {
        const answer = await socket.answerTo(socket.send('subscription', procedure.path, input))
        expect(answer.error?.data.code).toBe('NOT_FOUND')
        return trpcOutcome(answer as Parameters<typeof trpcOutcome>[0])
      })
      socket.ws.close()
    },
  )

  it.each(swept.filter((one) => one.type === 'query' && !isEverybodys(one)))(
    'is in no answer: $path',
    async (procedure) => {
      for (const door of byHttp.filter((door) => door.leadsTo(procedure))) {
        const answer = await stranger.ask(door, procedure, stranger.inputOf(procedure))
        expect([answer.error, idsIn(answer.data).filter((id) => theirs.has(id))]).toEqual([undefined, []])
      }
    },
  )
})

describe('the sweep', () => {
  it('reaches every place that takes an id, with an id of every kind', () => {
    const places = withPlaces.flatMap(placesOf)
    expect(Object.keys(exceptions).filter((place) => !places.includes(place))).toEqual([])
    const deep = swept.filter(({ inputs, ...procedure }) => {
      const count = inputs.reduce(
        (sum, input) => sum + (JSON.stringify(schemaOf(input)).match(/"format":"uuid"/g)?.length ?? 0),
        0,
      )
      return count > fieldsOf({ inputs, ...procedure }).length
    })
    expect(deep.map(({ path }) => path)).toEqual([])
    expect(some.length).toBeGreaterThan(10)
  })
})
