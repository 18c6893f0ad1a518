/** Two instances on one Postgres: who follows at one as plain JSON is told of what is written at both. */
import { afterAll, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { createTestDatabase } from '../../test/database.ts'
import { draftOf, range, signedIn } from '../../test/followers.ts'
import { TestSocket } from '../../test/socket.ts'
import { until } from '../../test/until.ts'

const database = await createTestDatabase()
afterAll(() => database.drop())
const environment = { DATABASE_URL: database.url }
const [here, there] = [await buildTestApp({ environment }), await buildTestApp({ environment })]
const urls = [await here.listen(), await there.listen()] as const

it('contiguous and in order, also across a change of instance', async () => {
  const owner = await signedIn(here)
  const draft = await draftOf(here, owner)
  const open = (at: string, after: number) =>
    TestSocket.openAs(at, owner.browser, `/v1/ws/drafts/${draft.id}?after=${after}`)
  const seqsOf = ({ answers }: TestSocket) => answers.slice(1).map((frame) => (frame as unknown as { seq: number }).seq)
  const first = await open(urls[1], 0)
  const writing = Promise.all(
    [here, there, here, there].map(async (at) => {
      for (let n = 0; n < 50; n++) await draft.tell('x', at)
    }),
  )
  await until('some', () => first.answers.length > 50)
  first.ws.terminate()
  const seqs = seqsOf(first)
  const second = await open(urls[0], seqs.length)
  await writing
  await until('all', () => seqs.length + second.answers.length > 200)
  expect([...seqs, ...seqsOf(second)]).toEqual(range(1, 200))
  second.ws.terminate()
})
