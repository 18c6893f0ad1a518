/** Two calls with one key at the same moment: on one instance, and on two. */
import { afterAll, describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { createTestDatabase } from '../../test/database.ts'
import { draftOf, signedIn } from '../../test/followers.ts'
import { newId } from '../db/columns.ts'

const database = await createTestDatabase()
afterAll(() => database.drop())
const environment = { DATABASE_URL: database.url }
const [a, b] = [await buildTestApp({ environment }), await buildTestApp({ environment })]

describe('ten calls at once with one key, on two instances', () => {
  it('take effect once, and all have the one answer', async () => {
    const me = await signedIn(a)
    const there = b.browser()
    for (const [name, value] of me.browser.cookies) there.cookies.set(name, value)
    for (let round = 0; round < 10; round++) {
      const key = { 'idempotency-key': newId() }
      const call = (i: number) => (i % 2 ? me.browser : there).mutate('drafts.create', { title: `Round ${round}` }, key)
      const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => call(i)))
      expect(new Set(answers.map(({ body }) => body)).size, answers.map(({ body }) => body).join('\n')).toBe(1)
      expect(answers[0]?.statusCode).toBe(200)
    }
    const { items } = (await me.browser.query('drafts.list')).json().result.data
    expect(items).toHaveLength(10)
  })

  it('append one segment, with a key, without, and with the same segment id under different keys', async () => {
    const me = await signedIn(a)
    const { id: draftId } = await draftOf(a, me)
    for (let round = 0; round < 10; round++) {
      const segmentId = newId()
      const keys = [undefined, 'same', 'same', newId(), newId(), undefined]
      const answers = await Promise.all(
        keys.map((key) =>
          me.browser.mutate(
            'drafts.append',
            { draftId, segmentId, text: 'x' },
            key === undefined ? {} : { 'idempotency-key': `${key}-${round}` },
          ),
        ),
      )
      for (const answer of answers) expect(answer.json()).toEqual(answers[0]?.json())
      expect(answers[0]?.statusCode).toBe(200)
    }
    const draft = (await me.browser.query('drafts.get', { draftId })).json().result.data
    expect(draft.segmentCount).toBe(10)
    expect(draft.segments).toHaveLength(10)
  })
})
