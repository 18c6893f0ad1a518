import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { until } from '../server/test/until.ts'
import { PagePerson } from './page-person.ts'

const tabs: PagePerson[] = []
afterEach(() => {
  for (const tab of tabs.splice(0)) tab.close()
})

function open(channel: string | null) {
  const person = new PagePerson(channel)
  tabs.push(person)
  const seen: unknown[] = []
  person.onNews((news) => seen.push(news))
  let changes = 0
  person.onChange(() => changes++)
  return { person, seen, changes: () => changes }
}

/** What is told later arrives later: once this is heard, everything before it was. */
async function settled(channel: string, ...those: ReturnType<typeof open>[]) {
  const last = randomUUID()
  open(channel).person.become(last)
  for (const { seen } of those)
    await until('the last word', () => JSON.stringify(seen.at(-1))?.includes(last) && seen.pop())
}

describe('the tabs of one browser', () => {
  it('hear of a sign-out with its reason, and end what is open before their pages hear', async () => {
    const channel = randomUUID()
    const [first, second] = [open(channel), open(channel)]
    for (const { person } of [first, second]) person.become('ada')
    await settled(channel, first, second)
    for (const { seen } of [first, second]) seen.length = 0
    let atTheWord: unknown
    second.person.onNews(() => {
      atTheWord = second.changes()
    })
    first.person.become(null, 'signed-out')
    await until('the news', () => second.seen.length)
    expect(second.seen).toEqual([{ type: 'ended', reason: 'signed-out' }])
    expect([atTheWord, second.changes()]).toEqual([2, 2])
    // Nobody passes on what they were told.
    await settled(channel, first, second)
    expect([first.seen, second.seen]).toEqual([[], [{ type: 'ended', reason: 'signed-out' }]])
  })

  it('learn the reason even after they learned of the end, and only once', async () => {
    const channel = randomUUID()
    const [first, second] = [open(channel), open(channel)]
    for (const { person } of [first, second]) person.become('ada')
    await settled(channel, first, second)
    for (const { seen } of [first, second]) seen.length = 0
    // A call was refused before the response to the sign-out.
    for (const reason of ['unknown', 'signed-out', 'signed-out', 'unknown'] as const) first.person.become(null, reason)
    await settled(channel, first, second)
    const news = ['unknown', 'signed-out'].map((reason) => ({ type: 'ended', reason }))
    expect([first.seen, second.seen]).toEqual([[], news])
    second.person.become(null, 'signed-out')
    await settled(channel, first, second)
    expect(first.seen).toEqual([])
  })

  it('ask as whom they showed also after the end, until they show another', async () => {
    const channel = randomUUID()
    const [first, second, fresh] = [open(channel), open(channel), open(channel)]
    for (const { person } of [first, second]) person.become('ada')
    await settled(channel, first, second)
    first.person.become(null, 'signed-out')
    await until('the news', () => second.changes() === 2)
    for (const { person } of [first, second])
      expect([person.header, person.query]).toEqual([{ 'plinth-person': 'ada' }, '?plinth-person=ada'])
    expect([fresh.person.header, fresh.person.query]).toEqual([{}, ''])
    second.person.become('mira')
    expect(second.person.header).toEqual({ 'plinth-person': 'mira' })
  })

  it('hear of another person, and not of their own again', async () => {
    const channel = randomUUID()
    const [same, other, nobody] = [open(channel), open(channel), open(channel)]
    same.person.become('ada')
    other.person.become('mira')
    await settled(channel, same, other, nobody)
    for (const { seen } of [same, other, nobody]) seen.length = 0
    open(channel).person.become('ada')
    await settled(channel, same, other, nobody)
    const news = { type: 'signed-in', personId: 'ada' }
    expect([same.seen, other.seen, nobody.seen]).toEqual([[], [news], [news]])
    // Whose session it is now the page finds out by asking; until then it is the one that it was.
    expect(other.person.query).toBe('?plinth-person=mira')
  })

  it('are those of one server; a program has none', async () => {
    const channel = randomUUID()
    const [here, elsewhere, program] = [open(channel), open(randomUUID()), open(null)]
    program.person.become('ada')
    elsewhere.person.become('ada')
    await settled(channel, here)
    expect([here.seen, elsewhere.seen, program.seen]).toEqual([[], [], []])
    expect(program.person.header).toEqual({ 'plinth-person': 'ada' })
  })

  it('hear nothing any more once closed', async () => {
    const channel = randomUUID()
    const [closed, open_] = [open(channel), open(channel)]
    closed.person.close()
    await settled(channel, open_)
    expect(closed.seen).toEqual([])
  })
})
