import { eq } from 'drizzle-orm'
import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { draftLimits } from '../../../shared/drafts.ts'
import { withTransaction } from '../../platform/db/transaction.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { users } from '../../platform/identity/table.ts'
import { readOrMakeState, readPage } from '../../platform/live/channel-store.ts'
import { publish } from '../../platform/live/publish.ts'
import { buildTestApp } from '../../test/app.ts'
import { appendSegment } from './append.ts'
import { createDraft, draftChannel, getDraft } from './service.ts'
import { drafts } from './table.ts'

const app = await buildTestApp()
const { db } = app.database
const origin = { ip: '127.0.0.1', requestId: 'r' }

describe('appends at the same time', () => {
  it('are numbered in the order in which they came, each draft for itself', async () => {
    const [one, other] = [await write(), await write()]
    const asked = Array.from({ length: 250 }, (_, n) => ({ ...(n % 5 === 0 ? other : one), text: `${n}` }))
    const answers = await Promise.all(asked.map((ask) => append(ask)))
    for (const { actor, draftId } of [one, other]) {
      const theirs = answers.filter((_, n) => asked[n]?.draftId === draftId)
      expect(theirs.map(({ position }) => position)).toEqual(theirs.map((_, n) => n + 1))
      const draft = await getDraft(db, actor, draftId)
      expect(draft.segments).toEqual(theirs)
      expect(draft.segmentCount).toBe(theirs.length)
      const told = await eventsOf(draftId)
      expect(told.map(({ seq }) => seq)).toEqual(theirs.map((_, n) => n + 1))
      expect(told.map(({ segment }) => segment)).toEqual(theirs)
    }
  })

  it('each name the mark of the event before it, also where another statement wrote that one', async () => {
    const [one, other] = [await write(), await write()]
    const rename = ({ draftId }: Written) =>
      publish(db, draftChannel(draftId), { type: 'draft.updated', actorId: null, title: 'x', state: 'open' })
    for (let round = 0; round < 6; round++) {
      await Promise.all(
        Array.from({ length: 30 }, (_, n) => (n % 7 === round ? rename(one) : append(n % 3 ? one : other))),
      )
    }
    for (const { draftId } of [one, other]) {
      const channel = draftChannel(draftId)
      const { epoch, head, mark } = await readOrMakeState(db, channel)
      const told = await readPage(db, channel, epoch, 0)
      expect(told).toHaveLength(head)
      expect(told.map(({ previousMark }) => previousMark)).toEqual([null, ...told.slice(0, -1).map(({ mark }) => mark)])
      expect([new Set(told.map(({ mark }) => mark)).size, told.at(-1)?.mark]).toEqual([head, mark])
    }
  })

  it('share nothing but the commit: one that is refused or fails is alone with it', async () => {
    const [mine, theirs, closed] = [await write(), await write(), await write()]
    await db.update(drafts).set({ state: 'closed' }).where(eq(drafts.id, closed.draftId))
    const taken = v7()
    const first = append(mine)
    const answers = await Promise.allSettled([
      append(mine),
      append({ ...mine, draftId: theirs.draftId }),
      append(closed),
      append({ ...mine, segmentId: taken }),
      append({ ...theirs, segmentId: taken }),
      append(theirs),
    ])
    expect(answers.map(outcome)).toEqual([2, 'NOT_FOUND', 'DRAFT_CLOSED', 3, 'CONFLICT', 1])
    // Text that Postgres takes for none breaks the whole statement that it is in.
    const broken = await Promise.allSettled([append(mine), append({ ...mine, text: '\0' }), append(theirs)])
    expect(broken.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect((await first).position).toBe(1)
  })

  it('with one segment id are one segment', async () => {
    const mine = { ...(await write()), segmentId: v7() }
    const [first, ...again] = await Promise.all(Array.from({ length: 5 }, () => append(mine)))
    for (const answer of again) expect(answer).toEqual(first)
    expect(await eventsOf(mine.draftId)).toHaveLength(1)
  })

  it('fill a draft to its limit and not beyond', async () => {
    const mine = await write()
    await db
      .update(drafts)
      .set({ segmentCount: draftLimits.segments - 3 })
      .where(eq(drafts.id, mine.draftId))
    const answers = await Promise.allSettled(Array.from({ length: 5 }, () => append(mine)))
    const [full, limit] = ['DRAFT_FULL', draftLimits.segments]
    expect(answers.map(outcome).sort()).toEqual([limit - 2, limit - 1, limit, full, full].sort())
  })

  it('do not carry along one that is part of a transaction', async () => {
    const mine = await write()
    const undone = withTransaction(db, async (tx) => {
      await appendSegment(tx, mine.actor, { draftId: mine.draftId, segmentId: v7(), text: 'undone' }, origin)
      throw new Error('undone')
    })
    await expect(undone).rejects.toThrow('undone')
    expect((await append(mine)).position).toBe(1)
    expect(await eventsOf(mine.draftId)).toHaveLength(1)
  })
})

function append({ actor, draftId, segmentId = v7(), text = 'x' }: Written & { segmentId?: string; text?: string }) {
  return appendSegment(db, actor, { draftId, segmentId, text }, origin)
}

type Written = { actor: Actor; draftId: string }

/** A new person with a new draft. */
async function write(): Promise<Written> {
  const [person] = await db.insert(users).values({ displayName: 'Ada' }).returning()
  const actor: Actor = { id: person?.id as string, role: 'user', sessionId: v7(), scopes: null }
  return { actor, draftId: (await createDraft(db, actor, { title: 'Draft' })).id }
}

async function eventsOf(draftId: string) {
  const channel = draftChannel(draftId)
  const { epoch } = await readOrMakeState(db, channel)
  return (await readPage(db, channel, epoch, 0)).map(({ json }) => JSON.parse(json))
}

function outcome(answer: PromiseSettledResult<{ position: number }>): unknown {
  return answer.status === 'fulfilled' ? answer.value.position : (answer.reason as { code: string }).code
}
