/** A draft read while it is written in: what is shown and where its channel is followed from are of one moment. */
import { v7 } from 'uuid'
import { expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { draftOf, range, signedIn } from '../../test/followers.ts'

const app = await buildTestApp()

it('has in it exactly the events up to its cursor', async () => {
  const owner = await signedIn(app)
  const { id: draftId } = await draftOf(app, owner)
  let writing = true
  const writer = (async () => {
    for (; writing; await new Promise((resolve) => setImmediate(resolve))) {
      const answer = await owner.browser.mutate('drafts.append', { draftId, segmentId: v7(), text: 'x' })
      expect(answer.statusCode).toBe(200)
    }
  })()
  const seen = new Set<number>()
  try {
    for (let n = 0; n < 150; n++) {
      const draft = (await owner.browser.query('drafts.get', { draftId })).json().result.data
      const at = Number(draft.cursor.split(':')[1])
      // Each event of this channel is a segment.
      expect([draft.segmentCount, draft.segments.length]).toEqual([at, at])
      expect(draft.segments.map(({ position }: { position: number }) => position)).toEqual(range(1, at))
      seen.add(at)
    }
  } finally {
    writing = false
    await writer
  }
  expect(seen.size).toBeGreaterThan(20)
})
