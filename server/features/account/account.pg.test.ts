import { expect, it } from 'vitest'
import { buildTestApp, newPerson } from '../../test/app.ts'

const app = await buildTestApp()

it('keeps one way to sign in, however many are unlinked at once', async () => {
  for (let round = 0; round < 5; round++) {
    const browser = await app.signIn()
    for (let n = 0; n < 3; n++) await app.addGoogle(browser)
    const { items } = (await browser.query('account.identities.list')).json().result.data
    expect(items).toHaveLength(4)
    const answers = await Promise.all(
      items.map(({ id }: { id: string }) => browser.mutate('account.identities.unlink', { identityId: id })),
    )
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 200, 200, 409])
    expect((await browser.query('account.identities.list')).json().result.data.items).toHaveLength(1)
  }
})

it('ends a session once, however many ask for it at once', async () => {
  const claims = newPerson()
  const [here] = [await app.signIn(claims), await app.signIn(claims)]
  const { items } = (await here.query('account.sessions.list')).json().result.data
  const sessionId = items.find(({ current }: { current: boolean }) => !current).id
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => here.mutate('account.sessions.revoke', { sessionId })),
  )
  expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, ...Array(7).fill(404)])
})
