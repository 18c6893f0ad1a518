/** The cookie is the whole browser's, and a page may still be somebody else's: its word of whom it shows. */
import { describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { draftOf, signedIn } from '../../test/followers.ts'
import { TestSocket } from '../../test/socket.ts'

const app = await buildTestApp()
const url = await app.listen()
const header = 'plinth-person'

async function pageOfAnother() {
  const [here, before] = [await signedIn(app), await signedIn(app)]
  return { here, before, as: (id: string) => `?${header}=${id}` }
}

describe('a page that shows somebody else than the browser is signed in as', () => {
  it('does nothing in the name of that person', async () => {
    const { here, before } = await pageOfAnother()
    const title = 'Whose?'
    const refused = await here.browser.mutate('drafts.create', { title }, { [header]: before.id })
    expect([refused.statusCode, refused.json().error.data.code]).toEqual([401, 'PERSON_CHANGED'])
    const drafts = await here.browser.query('drafts.list', {})
    expect(drafts.json().result.data.items).toEqual([])
    expect((await here.browser.mutate('drafts.create', { title }, { [header]: here.id })).statusCode).toBe(200)
  })

  it('reads nothing of that person but who it is', async () => {
    const { here, before } = await pageOfAnother()
    const headers = { [header]: before.id }
    const list = await here.browser.get('/trpc/account.sessions.list', headers)
    expect(list.json().error.data.code).toBe('PERSON_CHANGED')
    const me = await here.browser.get('/trpc/account.me', headers)
    expect(me.json().result.data.id).toBe(here.id)
  })

  it('follows nothing of that person, over either stream', async () => {
    const { here, before, as } = await pageOfAnother()
    const { id: draftId } = await draftOf(app, here)
    const input = { draftId, lastEventId: '' }
    const socket = await TestSocket.openAs(url, here.browser, `/trpc${as(before.id)}`)
    await expect(socket.subscribe('account.onSessionEnded')).rejects.toThrow('PERSON_CHANGED')
    await expect(socket.subscribe('drafts.onEvent', input)).rejects.toThrow('PERSON_CHANGED')
    const own = await TestSocket.openAs(url, here.browser, `/trpc${as(here.id)}`)
    await own.subscribe('account.onSessionEnded')
    for (const { ws } of [socket, own]) ws.close()
    const headers = { cookie: here.browser.cookieHeader }
    const stream = await fetch(`${url}/trpc/account.onSessionEnded${as(before.id)}`, { headers })
    expect(await stream.text()).toMatch('PERSON_CHANGED')
  })

  it('is let in by no such word', async () => {
    const { here } = await pageOfAnother()
    const answer = await app.browser().get('/trpc/account.sessions.list', { [header]: here.id })
    expect(answer.json().error.data.code).toBe('UNAUTHENTICATED')
  })
})
