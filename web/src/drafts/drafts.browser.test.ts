import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { expectAccessible } from '../../test/axe.ts'
import { addPerson, addSegment, field, newDraft } from '../../test/draft-acts.ts'
import { expectToFit, expectToLookRight, inTheDark } from '../../test/shots.ts'
import { hurry, post, startStage } from '../../test/stage.ts'

const stage = await startStage()

const segments = (page: Page) => page.getByRole('list', { name: 'Segments' }).getByRole('listitem')
const texts = (page: Page) => page.locator('ol[aria-label="Segments"] > li p:first-of-type').allTextContents()
const status = (page: Page) => page.getByRole('complementary', { name: 'Status' })

async function add(page: Page, text: string) {
  await field(page).fill(text)
  await page.getByRole('button', { name: 'Add segment' }).click()
}

/** Confirmed: with a time, and no word of being on its way. */
async function confirmed(page: Page, text: string) {
  await segments(page).filter({ hasText: text }).locator('time').waitFor()
}

// Once, for whoever never came cannot be added.
beforeAll(async () => {
  await stage.openSignedIn('admin')
})

/** An engineer's draft with the admin as collaborator, open on the engineer's screen only. */
async function alone(title: string, options = {}) {
  const mira = await stage.openSignedIn('engineer', options)
  const path = await newDraft(mira, title, 'admin@plinth.local')
  await mira.goto(path)
  await mira.getByRole('heading', { level: 1, name: title }).waitFor()
  return { mira, path }
}

/** The same, open on both screens. */
async function together(title: string) {
  const { mira, path } = await alone(title)
  const ada = await stage.openAs('admin', path)
  await ada.getByRole('heading', { level: 1, name: title }).waitFor()
  return { mira, ada, path }
}

describe('drafts', () => {
  it('explains an empty list, creates a draft, and lists it with its state', async () => {
    const page = await stage.openAs('viewer')
    await page.getByRole('link', { name: 'Drafts', exact: true }).first().click()
    await page.getByText('No drafts yet').waitFor()
    await expectAccessible(page)
    await page.getByRole('button', { name: 'New draft' }).click()
    await page.getByRole('dialog', { name: 'New draft' }).waitFor()
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Create draft' }).click()
    await page.getByText('Must not be empty').waitFor()
    await page.getByLabel('Title').fill('Spring plan')
    await page.getByRole('button', { name: 'Create draft' }).click()
    await page.getByText('Nothing is written yet').waitFor()
    await expectAccessible(page)
    await add(page, 'One')
    await confirmed(page, 'One')
    await page.getByRole('link', { name: 'Drafts', exact: true }).first().click()
    const row = page.getByRole('link', { name: /Spring plan/ })
    await row.getByText('You hold the ring').waitFor()
    await row.getByText(/1 segment ·/).waitFor()
    await expectAccessible(page)
  })

  it('is written by two people in turns, each seeing the other at once', async () => {
    const mira = await stage.openSignedIn('engineer')
    await mira.goto(await newDraft(mira, 'In turns'))
    await addPerson(mira, 'admin@plinth.local', 'Demo admin')
    const ada = await stage.openAs('admin', new URL(mira.url()).pathname)
    await ada.getByText('Demo engineer holds the ring. You can write when it is passed to you.').waitFor()
    expect(await field(ada).isDisabled()).toBe(true)
    await add(mira, 'First, by the engineer')
    await confirmed(ada, 'First, by the engineer')
    await ada.getByRole('status').getByText('Demo engineer added a segment.').waitFor({ state: 'attached' })
    await mira.getByRole('button', { name: 'Pass the ring to Demo admin' }).click()
    await mira.getByText('Demo admin holds the ring. You can write').waitFor()
    await ada.getByText('You hold the ring', { exact: true }).waitFor()
    await add(ada, 'Second, by the admin')
    await confirmed(mira, 'Second, by the admin')
    await ada.getByRole('button', { name: 'Pass the ring to Demo engineer' }).click()
    await mira.getByText('You hold the ring', { exact: true }).waitFor()
    await expect.poll(() => field(mira).isEnabled()).toBe(true)
    const expected = ['First, by the engineer', 'Second, by the admin']
    expect([await texts(mira), await texts(ada)]).toEqual([expected, expected])
    await expectAccessible(mira)
    await expectAccessible(ada)
  })

  it('lets its owner take the ring back from the user who holds it', async () => {
    const { mira, ada } = await together('Taken back')
    await mira.getByRole('button', { name: 'Pass the ring to Demo admin' }).click()
    await ada.getByText('You hold the ring', { exact: true }).waitFor()
    await mira.getByRole('button', { name: 'Take the ring back' }).click()
    await mira.getByText('You hold the ring', { exact: true }).waitFor()
    await expect.poll(() => field(mira).isEnabled()).toBe(true)
    await ada.getByText('Demo engineer holds the ring. You can write').waitFor()
    await ada.getByRole('status').getByText('Demo engineer took the ring back.').waitFor({ state: 'attached' })
    expect(await ada.getByRole('button', { name: 'Take the ring back' }).count()).toBe(0)
    await expectAccessible(mira)
  })

  it('explains ring and segments beside the ring, and says who can take it back, by keyboard', async () => {
    const { mira, ada } = await together('Explained')
    const about = (page: Page) => page.getByRole('button', { name: 'About the ring' })
    const help = (page: Page) => page.getByRole('dialog', { name: 'Writing in turns' })
    await about(ada).focus()
    await ada.keyboard.press('Enter')
    await help(ada).getByText('pieces of text, each added at the end by one user').waitFor()
    await help(ada).getByText('Demo engineer holds it, and can pass it on to any collaborator who can write.').waitFor()
    await help(ada).getByText('Only Demo engineer, who owns this draft, can take the ring back').waitFor()
    await expectToLookRight(ada, 'ring help')
    await ada.keyboard.press('Escape')
    await help(ada).waitFor({ state: 'detached' })
    expect(await about(ada).evaluate((it) => it === document.activeElement)).toBe(true)

    await mira.getByRole('button', { name: 'Pass the ring to Demo admin' }).click()
    await mira.getByText('You can write when it is passed to you, or when you take it back.').waitFor()
    await about(mira).click()
    await help(mira).getByText('You own this draft, so you can take the ring back at any time.').waitFor()
    await mira.keyboard.press('Escape')
    await help(mira).waitFor({ state: 'detached' })
    await mira.getByRole('button', { name: 'Take the ring back' }).focus()
    await mira.keyboard.press('Enter')
    await expect.poll(() => field(mira).evaluate((it) => it === document.activeElement)).toBe(true)
    await mira.getByRole('button', { name: 'Draft actions' }).click()
    await mira.getByRole('menuitem', { name: 'Close draft' }).click()
    await mira.getByRole('dialog').getByRole('button', { name: 'Close draft' }).click()
    await about(mira).waitFor({ state: 'detached' })
  })

  it('shows the username beside the display name wherever a user is chosen', async () => {
    const viewer = await stage.openAs('viewer')
    await post(viewer, '/trpc/account.updateProfile', { username: 'vera' })
    const mira = await stage.openSignedIn('engineer')
    await mira.goto(await newDraft(mira, 'Two of a name', 'viewer@plinth.local'))
    await mira.getByRole('button', { name: 'Pass the ring to Demo viewer (@vera)' }).waitFor()
    await mira.getByRole('button', { name: '2 collaborators' }).click()
    await mira.getByRole('dialog').getByText('@vera', { exact: true }).waitFor()
    await expectAccessible(mira)
    await mira.getByRole('button', { name: 'Remove Demo viewer (@vera)' }).click()
    await mira.getByRole('dialog', { name: 'Remove Demo viewer (@vera) from “Two of a name”?' }).waitFor()
  })

  it('keeps what was refused with the reason, to try again or to discard', async () => {
    const { mira, ada } = await together('Refused')
    stage.expectFault(/status of 409/)
    // The news of the passed ring does not reach this page: it still believes that it may write.
    const stale = await mira.context().newPage()
    await stale.routeWebSocket(/\/trpc/, () => {})
    await stale.route(/drafts\.(onEvent|events)/, (route) => route.abort())
    stage.expectFault(/ERR_FAILED|WebSocket/)
    await stale.goto(mira.url())
    await expect.poll(() => field(stale).isEnabled()).toBe(true)
    await mira.getByRole('button', { name: 'Pass the ring to Demo admin' }).click()
    await ada.getByText('You hold the ring', { exact: true }).waitFor()
    await add(stale, 'Too late')
    const refused = segments(stale).filter({ hasText: 'Too late' })
    await refused.getByText('Somebody else holds the ring now. Ask them to pass it to you.').waitFor()
    await expectAccessible(stale)
    await ada.getByRole('button', { name: 'Pass the ring to Demo engineer' }).click()
    await mira.getByText('You hold the ring', { exact: true }).waitFor()
    await refused.getByRole('button', { name: 'Try again' }).click()
    await confirmed(stale, 'Too late')
    await confirmed(ada, 'Too late')
    expect(await texts(ada)).toEqual(['Too late'])
  })

  it('gives the editor back when the ring could not be passed', async () => {
    const { mira } = await alone('Not passed')
    stage.expectFault(/status of 503/)
    let release = () => {}
    const asked = new Promise<void>((resolve) => {
      release = resolve
    })
    await mira.route(/drafts\.passRing/, async (route) => {
      await asked
      const data = { code: 'SERVER_BUSY', httpStatus: 503 }
      await route.fulfill({ status: 503, json: [{ error: { code: -32000, message: 'Plinth is busy.', data } }] })
    })
    await field(mira).fill('Not yet sent')
    await mira.getByRole('button', { name: 'Pass the ring to Demo admin' }).click()
    await mira.getByText('Passing the ring to Demo admin').waitFor()
    expect(await field(mira).isDisabled()).toBe(true)
    release()
    await mira.getByText('The ring was not passed').first().waitFor()
    expect(await field(mira).isEnabled()).toBe(true)
    expect(await field(mira).inputValue()).toBe('Not yet sent')
  })

  it('converges when one person writes in two tabs at once', async () => {
    const { mira, ada } = await together('Two tabs')
    const other = await mira.context().newPage()
    await other.goto(mira.url())
    await expect.poll(() => field(other).isEnabled()).toBe(true)
    const rounds = [0, 1, 2, 3]
    for (const round of rounds) await Promise.all([add(mira, `left ${round}`), add(other, `right ${round}`)])
    for (const page of [mira, other, ada])
      for (const round of rounds) {
        await confirmed(page, `left ${round}`)
        await confirmed(page, `right ${round}`)
      }
    const order = await texts(ada)
    expect(order).toHaveLength(8)
    expect([await texts(mira), await texts(other)]).toEqual([order, order])
    // Each tab's own stay in the order in which they were written.
    expect(order.filter((text) => text.startsWith('left'))).toEqual(rounds.map((round) => `left ${round}`))
    // A tab may remove what this one has stored a moment ago, without having shown it.
    await field(mira).fill('Being written')
    await other.evaluate(() => {
      for (const key of Object.keys(localStorage))
        if (key.startsWith('plinth-unsent-text:')) localStorage.removeItem(key)
    })
    await add(other, 'sent meanwhile')
    await confirmed(mira, 'sent meanwhile')
    expect(await field(mira).inputValue()).toBe('Being written')
  })

  it('sends the segments that an earlier release stored, once and in their order, and deletes those of other users', async () => {
    const { mira, ada, path } = await together('Earlier release')
    const { id } = await (await mira.request.get('/me')).json()
    const draftId = path.split('/').at(-1)
    await mira.evaluate(
      ([mine, others]) => {
        const segment = (text: string, second: number) => ({
          id: crypto.randomUUID(),
          text,
          at: `2026-11-20T10:00:0${second}.000Z`,
          status: 'waiting',
        })
        localStorage.setItem(mine, JSON.stringify([segment('stored second', 2), segment('stored first', 1)]))
        localStorage.setItem(others, JSON.stringify([segment('not mine', 1)]))
      },
      [`plinth-unsent-segments:${id}:${draftId}`, `plinth-unsent-segments:another:${draftId}`] as const,
    )
    await mira.reload()
    for (const page of [mira, ada]) for (const text of ['stored first', 'stored second']) await confirmed(page, text)
    expect(await texts(ada)).toEqual(['stored first', 'stored second'])
    const left = () => mira.evaluate(() => Object.keys(localStorage).filter((key) => /unsent-segments/.test(key)))
    await expect.poll(left).toEqual([])
    await mira.reload()
    await confirmed(mira, 'stored second')
    expect(await texts(mira)).toHaveLength(2)
  })

  it('keeps what is written offline and over a reload, and sends it when it is back', async () => {
    const { mira, ada } = await together('Offline')
    stage.expectFault(/ERR_INTERNET_DISCONNECTED|WebSocket|Failed to load/)
    await mira.context().setOffline(true)
    await status(mira).getByText('You are offline. What you add waits here').waitFor()
    await add(mira, 'Written on the train')
    await segments(mira).getByText('Waiting for the connection').waitFor()
    await expectAccessible(mira)
    await mira.context().setOffline(false)
    await confirmed(mira, 'Written on the train')
    await confirmed(ada, 'Written on the train')
    await field(mira).fill('Half a tho')
    await mira.reload()
    await expect.poll(() => field(mira).inputValue()).toBe('Half a tho')
    expect(await texts(mira)).toEqual(['Written on the train'])
  })

  it('sends a segment that was added offline also when its page was left', async () => {
    const { mira, ada } = await together('Left behind')
    // So that the page it goes to offline is loaded.
    await mira.getByRole('link', { name: 'Drafts', exact: true }).first().click()
    await mira.getByRole('link', { name: /Left behind/ }).click()
    await expect.poll(() => field(mira).isEnabled()).toBe(true)
    stage.expectFault(/ERR_INTERNET_DISCONNECTED|WebSocket|Failed to load/)
    await mira.context().setOffline(true)
    await status(mira).getByText('You are offline. What you add waits here').waitFor()
    await add(mira, 'Added in a tunnel')
    await segments(mira).getByText('Waiting for the connection').waitFor()
    await mira.getByRole('link', { name: 'Drafts', exact: true }).first().click()
    await mira.getByRole('heading', { level: 1, name: 'Drafts' }).waitFor()
    await status(mira).getByText('1 change waits to be sent').waitFor()
    await mira.context().setOffline(false)
    await confirmed(ada, 'Added in a tunnel')
  })

  it('goes on by itself when the server was restarted between', async () => {
    const { mira, ada } = await together('Restarted')
    await add(mira, 'Before')
    await confirmed(ada, 'Before')
    stage.expectFault(/WebSocket|ERR_CONNECTION_REFUSED|ERR_|status of 50\d/)
    await stage.stopServer()
    await add(mira, 'Between')
    await segments(mira).getByText('Waiting for the connection').waitFor()
    await status(mira).getByText('Connection lost').waitFor()
    await stage.startServer()
    await confirmed(mira, 'Between')
    await segments(ada).filter({ hasText: 'Between' }).locator('time').waitFor()
    expect(await texts(ada)).toEqual(['Before', 'Between'])
    await status(mira).waitFor({ state: 'detached' })
  })

  it('tells a removed collaborator, and leaves them what was loaded', async () => {
    const { mira, ada, path } = await together('Removed')
    await add(mira, 'Still readable')
    await confirmed(ada, 'Still readable')
    await mira.getByRole('button', { name: '2 collaborators' }).click()
    await expectAccessible(mira)
    await mira.getByRole('button', { name: 'Remove Demo admin' }).click()
    const question = mira.getByRole('dialog', { name: 'Remove Demo admin from “Removed”?' })
    await question.getByRole('button', { name: 'Remove Demo admin' }).click()
    stage.expectFault(/status of 404/)
    await ada.getByText('You do not write in this draft any more.').waitFor()
    expect(await texts(ada)).toEqual(['Still readable'])
    await expectAccessible(ada)
    await ada.goto(path)
    await ada.getByRole('heading', { name: 'This draft is not here' }).waitFor()
    await expectAccessible(ada)
  })

  it('is renamed and closed by its owner, seen at once by everybody, and left by others', async () => {
    const { mira, ada } = await together('Old name')
    await mira.getByRole('button', { name: 'Draft actions' }).click()
    await mira.getByRole('menuitem', { name: 'Rename draft' }).click()
    await mira.getByLabel('Title').fill('New name')
    await mira.getByRole('button', { name: 'Save title' }).click()
    await ada.getByRole('heading', { level: 1, name: 'New name' }).waitFor()
    await mira.getByRole('dialog').waitFor({ state: 'detached' })
    await mira.getByRole('button', { name: 'Draft actions' }).click()
    await mira.getByRole('menuitem', { name: 'Close draft' }).click()
    const question = mira.getByRole('dialog', { name: 'Close draft “New name”?' })
    await question.getByRole('button', { name: 'Close draft' }).click()
    for (const page of [mira, ada]) {
      await page.getByText('This draft is closed and can only be read.').waitFor()
      expect(await field(page).count()).toBe(0)
      await expectAccessible(page)
    }
    await ada.getByRole('button', { name: 'Draft actions' }).click()
    await ada.getByRole('menuitem', { name: 'Leave draft' }).click()
    const leaving = ada.getByRole('dialog', { name: 'Leave draft “New name”?' })
    await leaving.getByRole('button', { name: 'Leave draft' }).click()
    await ada.getByText('You left “New name”').first().waitFor()
    await ada.goto(await newDraft(mira, 'Left', 'admin@plinth.local'))
    await ada.getByRole('button', { name: 'Draft actions' }).click()
    await ada.getByRole('menuitem', { name: 'Leave draft' }).click()
    await ada.getByRole('dialog', { name: 'Leave draft “Left”?' }).getByRole('button', { name: 'Leave draft' }).click()
    await ada.waitForURL(/\/drafts$/)
    await ada.getByText('You left “Left”').first().waitFor()
  })

  it('turns read-only when the session expires, with what was loaded still there', async () => {
    const { mira } = await alone('Signed out')
    await add(mira, 'Loaded')
    await confirmed(mira, 'Loaded')
    await stage.expireSessions(mira)
    await mira.getByText('You can read what was loaded. Sign in again to write.').waitFor()
    await mira.getByRole('link', { name: 'Sign in again' }).waitFor()
    expect(await texts(mira)).toEqual(['Loaded'])
    await expectAccessible(mira)
  })

  it('follows by polling where neither socket nor event stream gets through, and says so', async () => {
    const { mira, path } = await alone('Polled')
    stage.expectFault(/WebSocket|ERR_FAILED|EventSource/)
    const behind = await stage.openSignedIn('admin')
    await behind.routeWebSocket(/\/trpc/, (socket) => socket.close())
    await behind.route(/drafts\.onEvent/, (route) => route.abort())
    await hurry(behind)
    await behind.goto(path)
    await status(behind).getByText('This network lets no live connection through').waitFor()
    await add(mira, 'Over the hill')
    await confirmed(behind, 'Over the hill')
    await mira.getByRole('button', { name: 'Pass the ring to Demo admin' }).click()
    await expect.poll(() => field(behind).isEnabled()).toBe(true)
    await add(behind, 'And back')
    await confirmed(mira, 'And back')
    await expectAccessible(behind)
  })

  it('asks a visitor to sign in and brings them back to the draft', async () => {
    const engineer = await stage.openSignedIn('engineer')
    const path = await newDraft(engineer, 'Come back', 'admin@plinth.local')
    const visitor = await stage.open(path)
    await visitor.getByText('You will come back to where you were.').waitFor()
    await visitor.getByRole('link', { name: 'Sign in with Google' }).click()
    await visitor.getByRole('link', { name: 'Demo admin' }).click()
    await visitor.waitForURL(stage.url + path)
    await visitor.getByRole('heading', { level: 1, name: 'Come back' }).waitFor()
  })

  it('shows what came while scrolled up as a count, and moves nothing', async () => {
    const mira = await stage.openSignedIn('engineer')
    const path = await newDraft(mira, 'Long', 'admin@plinth.local')
    const ada = await stage.openAs('admin', path)
    await ada.getByText('Nothing is written yet').waitFor()
    for (let line = 0; line < 4; line++) await addSegment(mira, path, `Part ${line}\n${'text\n'.repeat(30)}`)
    await confirmed(ada, 'Part 3')
    await expect.poll(() => ada.evaluate(() => scrollY)).toBeGreaterThan(500)
    await ada.evaluate(() => scrollTo(0, 300))
    await expect.poll(() => ada.evaluate(() => scrollY)).toBe(300)
    await addSegment(mira, path, 'Came later')
    await ada.getByRole('button', { name: '1 new' }).waitFor()
    expect(await ada.evaluate(() => scrollY)).toBe(300)
    await expectAccessible(ada)
    await ada.getByRole('button', { name: '1 new' }).click()
    await expect.poll(() => ada.evaluate(() => document.activeElement?.textContent)).toContain('Came later')
    expect(await ada.getByRole('button', { name: '1 new' }).count()).toBe(0)
  })

  it('opens a very long one at its end, and shows what is earlier without moving what is read', async () => {
    const page = await stage.openSignedIn('engineer')
    const path = await newDraft(page, 'Very long')
    await stage.changeDatabase(`
      insert into draft_segments (id, draft_id, author_id, position, text, created_at)
        select gen_random_uuid(), id, owner_id, place, 'Segment number ' || place || '.', now()
        from drafts, generate_series(1, 230) as place where title = 'Very long';
      update drafts set segment_count = 230 where title = 'Very long'`)
    await page.goto(path)
    await confirmed(page, 'Segment number 230.')
    expect(await segments(page).count()).toBe(200)
    const last = segments(page).filter({ hasText: 'Segment number 230.' })
    await expect.poll(async () => (await last.boundingBox())?.y).toBeLessThan(720)
    const first = segments(page).filter({ hasText: 'Segment number 31.' })
    const earlier = page.getByRole('button', { name: 'Show 30 earlier segments' })
    await earlier.focus()
    const before = (await first.boundingBox())?.y ?? 0
    await page.keyboard.press('Enter')
    await expect.poll(() => segments(page).count()).toBe(230)
    expect(Math.abs(((await first.boundingBox())?.y ?? 0) - before)).toBeLessThan(2)
    await expectAccessible(page)
  })

  it('works by keyboard alone', async () => {
    const page = await stage.openAs('engineer')
    await page.getByRole('button', { name: /account menu/ }).waitFor()
    await page.keyboard.press('Control+k')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.type('drafts')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/drafts$/)
    await page.getByRole('button', { name: 'New draft' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.type('By hand')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'By hand' }).waitFor()
    await expect.poll(() => field(page).isEnabled()).toBe(true)
    for (let i = 0; i < 12 && !(await field(page).evaluate((it) => it === document.activeElement)); i++)
      await page.keyboard.press('Tab')
    await page.keyboard.type('one')
    await page.keyboard.press('Enter')
    await page.keyboard.type('two')
    await page.keyboard.press('Control+Enter')
    await confirmed(page, 'one')
    expect(await texts(page)).toEqual(['one\ntwo'])
    expect(await field(page).inputValue()).toBe('')
    expect(await field(page).evaluate((it) => it === document.activeElement)).toBe(true)
    await page.keyboard.type('x')
    await expect.poll(() => field(page).inputValue()).toBe('x')
    await field(page).fill('y'.repeat(9_900))
    await page.getByText('100 characters left').waitFor()
  })

  it('fit where there is little room', async () => {
    const title = 'A title that is quite a bit longer than a narrow screen is wide'
    const page = await stage.openSignedIn('engineer', inTheDark)
    const path = await newDraft(page, title, 'admin@plinth.local')
    await addSegment(page, path, 'w'.repeat(300))
    for (const [name, address] of [
      ['home with drafts', '/'],
      ['drafts', '/drafts'],
      ['draft', path],
    ] as const) {
      await page.goto(address)
      await page.getByText('A title that is quite a bit longer').first().waitFor()
      if (address === path) await confirmed(page, 'www')
      await expectToFit(page, name)
    }
    await page.reload()
    await page.getByRole('button', { name: 'About the ring' }).click()
    await page.getByRole('dialog', { name: 'Writing in turns' }).waitFor()
    await expectToFit(page, 'ring help')
  })
})
