/**
 * Every subscription through every door it has, the doors of parity.test.ts and polling: the same words in the same order, of a channel
 * under the same ids, and a cursor of one door is good at every other.
 */
import { describe, expect, it } from 'vitest'
import { buildTestApp } from './app.ts'
import { type Call, type Person, prepareCall, procedures } from './calls.ts'
import type { Follower, Message, Procedure } from './door.ts'
import { doors } from './doors.ts'
import { signedIn } from './followers.ts'
import { polling } from './stream-doors.ts'
import { until } from './until.ts'
import { fieldsOf } from './wrong-inputs.ts'

const app = await buildTestApp()
const house = { app, url: await app.listen() }

const subscriptions = procedures.filter(({ type }) => type === 'subscription')
const channels = subscriptions.filter((procedure) => fieldsOf(procedure).includes('lastEventId'))

type Named = { name: string; follower: Follower }

async function followAll(procedure: Procedure, { browser }: Person, input: unknown): Promise<Named[]> {
  const followers: Named[] = []
  for (const { name, leadsTo, follow } of [...doors, polling]) {
    if (follow && leadsTo(procedure)) {
      followers.push({ name, follower: await follow(house, browser, { procedure, input }) })
    }
  }
  expect(followers.length).toBeGreaterThan(1)
  return followers
}

const leaveAll = (all: Named[]) => all.forEach(({ follower }) => void follower.leave())

/** Until all have been told what is last. */
async function hearAll(
  all: Named[],
  isLast: (message: Message) => boolean,
): Promise<{ name: string; told: Message[] }[]> {
  return Promise.all(
    all.map(({ name, follower }) =>
      until(`the last word through ${name}`, () => {
        const at = follower.messages.findIndex(isLast)
        return at === -1 ? null : { name, told: withoutRepeats(follower.messages.slice(0, at + 1)) }
      }),
    ),
  )
}

/** Of a state that is told whole, when it is told is the moment's: who came early may be told twice of the same. */
const withoutRepeats = (messages: Message[]) =>
  messages.filter((message, at) => JSON.stringify(message) !== JSON.stringify(messages[at - 1]))

async function beginAll(procedure: Procedure) {
  const me = await signedIn(app)
  const call = await prepareCall(app, procedure.path, me)
  const all = await followAll(procedure, me, call.input)
  await until('the beginning', () =>
    all.every(({ follower }) => follower.begun && (!call.speaksFirst || follower.messages.length > 0)),
  )
  return { me, call, all }
}

/** The answer to a poll has the cursor of its last event; of those before it this client does not know the mark. */
const isOf = (id: string | undefined, cursor: string | undefined) => id === cursor || cursor?.startsWith(`${id}:`)
const withMarks = (told: Message[], expected: Message[]) =>
  told.map((message, at) => {
    const { id } = expected[at] ?? {}
    return id !== undefined && message.id !== undefined && isOf(message.id, id) ? { ...message, id } : message
  })
const heard = (one: { name: string; told: Message[] }, expected: Message[]) =>
  one.name === polling.name ? withMarks(one.told, expected) : one.told

const causeOf = ({ cause }: Call) => (cause ?? expect.unreachable('say in calls.ts what makes it speak'))()

describe.each(subscriptions)('$path followed', (procedure) => {
  it('tells the same through every door', async () => {
    const { call, all } = await beginAll(procedure)
    await causeOf(call)
    const [first, ...others] = await hearAll(all, ({ data }) => call.isLast?.(data) ?? false)
    const told = first?.told ?? []
    for (const one of others) expect(heard(one, told), `${one.name}, and ${first?.name} before it`).toEqual(told)
    leaveAll(all)
  })
})

describe.each(channels)('$path', (procedure) => {
  it('goes on from wherever one door came to through every other', async () => {
    const { me, call, all } = await beginAll(procedure)
    await causeOf(call)
    const isLast = ({ data }: Message) => call.isLast?.(data) ?? false
    const [first] = await hearAll(all, isLast)
    leaveAll(all)
    const told = first?.told ?? []
    const last = told.at(-1)
    for (const [at, { id }] of told.slice(0, -1).entries()) {
      const again = await followAll(procedure, me, { ...call.input, lastEventId: id })
      for (const one of await hearAll(again, (message) => isOf(message.id, last?.id) ?? false)) {
        const expected = [{ id, data: { type: 'ready' } }, ...told.slice(at + 1)] as Message[]
        expect([one.name, heard(one, expected)]).toEqual([one.name, expected])
      }
      leaveAll(again)
    }
  })

  it('says through every door that a cursor is of no use', async () => {
    const { me, call, all } = await beginAll(procedure)
    const [epoch] = String(all[0]?.follower.messages[0]?.id).split(':')
    leaveAll(all)
    for (const lastEventId of [`${epoch}:999999`, 'another:1']) {
      const again = await followAll(procedure, me, { ...call.input, lastEventId })
      const [first, ...others] = await hearAll(again, ({ data }) => (data as { type: string }).type === 'resync')
      expect(first?.told).toHaveLength(2)
      for (const { name, told } of others) expect([name, told]).toEqual([name, first?.told])
      leaveAll(again)
    }
  })
})
