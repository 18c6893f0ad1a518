import { eq } from 'drizzle-orm'
import { v7 } from 'uuid'
import { expect, it } from 'vitest'
import { withTransaction } from '../../platform/db/transaction.ts'
import type { Actor } from '../../platform/identity/sessions.ts'
import { users } from '../../platform/identity/table.ts'
import { channels } from '../../platform/live/table.ts'
import { buildTestApp } from '../../test/app.ts'
import { appendSegment } from './append.ts'
import { createDraft, draftChannel } from './service.ts'
import { drafts } from './table.ts'

const app = await buildTestApp()
const { db } = app.database
const origin = { ip: '127.0.0.1', requestId: 'r' }

it.each(['draft', 'channel'])(
  'an append to a draft whose %s somebody holds waits alone, and nobody with it',
  async (what) => {
    const [held, free] = [await write(), await write()]
    const order: string[] = []
    const append = async (name: string, { actor, draftId }: Awaited<ReturnType<typeof write>>) => {
      const { position } = await appendSegment(db, actor, { draftId, segmentId: v7(), text: 'x' }, origin)
      order.push(name)
      return position
    }
    let waiting: Promise<number>[] = []
    await withTransaction(db, async (tx) => {
      if (what === 'draft') await tx.select().from(drafts).where(eq(drafts.id, held.draftId)).for('update')
      else
        await tx
          .select()
          .from(channels)
          .where(eq(channels.id, draftChannel(held.draftId)))
          .for('update')
      waiting = [append('held', held), append('held', held)]
      expect(await Promise.all([append('free', free), append('free', free)])).toEqual([1, 2])
      expect(await append('free', free)).toBe(3)
      order.push('let go')
    })
    expect((await Promise.all(waiting)).sort()).toEqual([1, 2])
    expect(order).toEqual(['free', 'free', 'free', 'let go', 'held', 'held'])
  },
)

async function write() {
  const [person] = await db.insert(users).values({ displayName: 'Ada' }).returning()
  const actor: Actor = { id: person?.id as string, role: 'user', sessionId: v7(), scopes: null }
  return { actor, draftId: (await createDraft(db, actor, { title: 'Draft' })).id }
}
