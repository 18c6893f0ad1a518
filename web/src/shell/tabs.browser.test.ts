/** Many tabs of one browser: they share its connections, its session and what a person writes, and must not mix any. */
import type { BrowserContext, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible } from '../../test/axe.ts'
import { addSegment, field, newDraft, passRing } from '../../test/draft-acts.ts'
import { startStage } from '../../test/stage.ts'

const stage = await startStage()

const segment = (page: Page, text: string) =>
  page.getByRole('list', { name: 'Segments' }).getByRole('listitem').filter({ hasText: text })
const status = (page: Page) => page.getByRole('complementary', { name: 'Status' })
const accountMenu = (page: Page, name: string | RegExp = '') =>
  page.getByRole('button', { name: new RegExp(`${name}[\\s\\S]*account menu`) })
const polled = 'This network lets no live connection through'

async function add(page: Page, text: string) {
  await field(page).fill(text)
  await page.getByRole('button', { name: 'Add segment' }).click()
}

const confirmed = (page: Page, text: string) => segment(page, text).locator('time').waitFor()

async function tabOf(context: BrowserContext, path: string) {
  const page = await context.newPage()
  await page.goto(path)
  return page
}

async function blockSockets(of: Page | BrowserContext) {
  stage.expectFault(/WebSocket/)
  await of.routeWebSocket(/\/trpc/, (socket) => socket.close())
}

async function blockStreams(of: Page | BrowserContext) {
  stage.expectFault(/ERR_FAILED|EventSource/)
  await blockSockets(of)
  await of.route(/drafts\.onEvent/, (route) => route.abort())
}

async function signOut(page: Page) {
  // Chromium draws a tab behind others seldom, and a click waits for what it clicks to be drawn.
  await page.bringToFront()
  await accountMenu(page).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.waitForURL(/\/sign-in/)
}

/** Without signing out first. */
async function signInAgain(page: Page, person: string) {
  await page.goto('/auth/google')
  await page.getByRole('link', { name: `Demo ${person}` }).click()
  await accountMenu(page, `Demo ${person}`).waitFor()
}

describe('many tabs', () => {
  it('without sockets leave each other connections to call over, and all stay up to date', async () => {
    const first = await stage.openSignedIn('engineer')
    const path = await newDraft(first, 'Seven tabs')
    const context = first.context()
    await blockSockets(context)
    await first.close()
    const streamed = new Set<Page>()
    const seeing = new Set<Page>()
    context.on('response', (response) => {
      if (/drafts\.onEvent/.test(response.url())) streamed.add(response.frame().page())
      if (/drafts\.onPresence/.test(response.url())) seeing.add(response.frame().page())
    })
    const tabs: Page[] = []
    for (let n = 0; n < 7; n++) tabs.push(await tabOf(context, path))
    const isPolled = (tab: Page) => status(tab).getByText(polled).isVisible()
    const isSettled = async (tab: Page) => streamed.has(tab) || isPolled(tab)
    const count = async (is: (tab: Page) => Promise<boolean>) =>
      (await Promise.all(tabs.map(is))).filter((answer) => answer).length
    await expect.poll(() => count(isSettled)).toBe(7)
    expect(await count(isPolled)).toBe(4)
    const seventh = tabs[6] as Page
    await add(seventh, 'From the seventh')
    for (const tab of tabs) await confirmed(tab, 'From the seventh')
    expect(seeing.size).toBe(1)
    await expectAccessible(seventh)
  })

  it('delete what they show at a sign-out in one of them, without any stream or out of the back/forward cache, and go on at the next sign-in', async () => {
    const page = await stage.openSignedIn('engineer')
    const path = await newDraft(page, 'Out and in')
    await addSegment(page, path, 'Loaded before')
    await blockStreams(page.context())
    const draft = await tabOf(page.context(), '/drafts')
    await draft.getByRole('link', { name: /Out and in/ }).click()
    const account = await tabOf(page.context(), '/account')
    const restored = await page.context().newPage()
    // A page in that cache receives no messages.
    await restored.addInitScript(() => Object.assign(globalThis, { BroadcastChannel: undefined }))
    await restored.goto(path)
    await page.goto('/')
    await account.getByLabel('Display name').waitFor()
    for (const tab of [draft, restored]) await segment(tab, 'Loaded before').waitFor()
    const isEmpty = async (tab: Page) => {
      const shown = await tab.evaluate(() => document.documentElement.outerHTML)
      expect(shown).not.toMatch(/Out and in|Loaded before|Demo engineer|engineer@/)
    }
    await signOut(page)
    for (const tab of [draft, account]) {
      await tab.getByRole('main').getByText('You signed out.').waitFor({ timeout: 10_000 })
      await isEmpty(tab)
      await expectAccessible(tab)
    }
    await draft.goBack()
    await draft.getByRole('heading', { name: 'Sign in to Plinth' }).waitFor()
    await isEmpty(draft)
    await draft.getByRole('link', { name: 'Plinth, home' }).click()
    await draft.getByRole('heading', { name: 'Plinth', exact: true }).waitFor()
    await isEmpty(draft)
    expect(await segment(restored, 'Loaded before').count()).toBe(1)
    const restore = () =>
      restored.evaluate(() => void dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })))
    await Promise.all([restored.waitForURL(/\/sign-in/), restore()])
    await isEmpty(restored)
    await stage.signIn(page)
    for (const tab of [draft, account]) await accountMenu(tab).waitFor()
  })

  it('go on when their person signs in again in one of them', async () => {
    const page = await stage.openSignedIn('engineer')
    const path = await newDraft(page, 'Again')
    const draft = await tabOf(page.context(), path)
    await expect.poll(() => field(draft).isEnabled()).toBe(true)
    await signInAgain(page, 'engineer')
    await page.goto(path)
    await add(page, 'By the new session')
    await confirmed(draft, 'By the new session')
    await add(draft, 'And back')
    await confirmed(page, 'And back')
  })

  it('become another person’s with the browser, and keep nothing of the one before', async () => {
    const page = await stage.openSignedIn('engineer')
    const path = await newDraft(page, 'Of the engineer alone')
    stage.expectFault(/status of 404|ERR_FAILED/)
    const draft = await tabOf(page.context(), path)
    await field(draft).fill('Half a thought of the engineer')
    const account = await tabOf(page.context(), '/account')
    await account.getByLabel('Display name').fill('Half a name')
    // While nothing can tell this tab that the draft is none of the admin's.
    await draft.route(/drafts\.get/, (route) => route.abort())
    await signInAgain(page, 'admin')
    await accountMenu(account, 'Demo admin').waitFor()
    expect(await account.getByLabel('Display name').inputValue()).toBe('Demo admin')
    await accountMenu(draft, 'Demo admin').waitFor()
    await draft.getByRole('link', { name: 'Drafts', exact: true }).first().click()
    await draft.getByText('No drafts yet').waitFor()
    await draft.goBack()
    await draft.unroute(/drafts\.get/)
    await draft.getByRole('heading', { name: 'This draft is not here' }).waitFor()
    expect(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).not.toContain('Half a')
    await signInAgain(page, 'engineer')
    await expect.poll(() => field(draft).isEnabled()).toBe(true)
    expect(await field(draft).inputValue()).toBe('')
  })

  it('show nobody else’s name that was on its way when the person changed', async () => {
    const page = await stage.openSignedIn('viewer')
    const account = await tabOf(page.context(), '/account')
    const answered = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    await account.route(/account\.updateProfile/, async (route) => {
      const response = await route.fetch()
      answered.resolve()
      await released.promise
      await route.fulfill({ response })
    })
    await account.getByLabel('Display name').fill('Demo viewer, renamed')
    await account.getByRole('button', { name: 'Save name' }).click()
    await answered.promise
    await signInAgain(page, 'admin')
    await accountMenu(account, 'Demo admin').waitFor()
    const arrived = account.waitForResponse(/account\.updateProfile/)
    released.resolve()
    await (await arrived).finished()
    await account.getByRole('status').getByText('Name saved').waitFor({ state: 'attached' })
    expect(await accountMenu(account, 'Demo admin').count()).toBe(1)
    expect(await account.getByLabel('Display name').inputValue()).toBe('Demo admin')
  })

  it('write nothing in the name of a person they do not show, however late they hear of them', async () => {
    // Once, for whoever never came cannot be added.
    await stage.openSignedIn('admin')
    const page = await stage.openSignedIn('engineer')
    const path = await newDraft(page, 'Late', 'admin@plinth.local')
    stage.expectFault(/status of 401/)
    const stale = await page.context().newPage()
    await blockStreams(stale)
    await stale.route(/drafts\.events/, (route) => route.abort())
    await stale.addInitScript(() => {
      Object.assign(globalThis, { BroadcastChannel: undefined })
    })
    await stale.goto(path)
    await expect.poll(() => field(stale).isEnabled()).toBe(true)
    await passRing(page, path, 'admin@plinth.local')
    const mayHear = Promise.withResolvers<void>()
    await stale.route(/account\.me/, async (route) => {
      await mayHear.promise
      await route.continue().catch(() => {})
    })
    await signInAgain(page, 'admin')
    const answered = stale.waitForResponse(/drafts\.append/)
    await add(stale, 'Whose is this?')
    expect(await (await answered).text()).toMatch('PERSON_CHANGED')
    expect(await accountMenu(stale, 'Demo engineer').count()).toBe(1)
    mayHear.resolve()
    await accountMenu(stale, 'Demo admin').waitFor()
    await stale.getByRole('heading', { level: 1, name: 'Late' }).waitFor()
    expect(await segment(stale, 'Whose is this?').count()).toBe(0)
    await page.goto(path)
    await page.getByText('Nothing is written yet').waitFor()
    expect(await stale.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain('Whose')
    await expectAccessible(stale)
  })

  it('send once what was waiting in a tab that was duplicated', async () => {
    const page = await stage.openSignedIn('engineer')
    await page.goto(await newDraft(page, 'Duplicated'))
    const context = page.context()
    stage.expectFault(/ERR_FAILED/)
    await context.route(/drafts\.append/, (route) => route.abort())
    for (const text of ['one', 'two', 'three']) await add(page, text)
    const isWaiting = (tab: Page) => segment(tab, 'one').getByText('Waiting for the connection').waitFor()
    await isWaiting(page)
    // As the browser's own command, this copies what the tab has stored.
    const [copy] = await Promise.all([context.waitForEvent('page'), page.evaluate(() => void open(location.href))])
    await isWaiting(copy)
    await context.unroute(/drafts\.append/)
    for (const tab of [page, copy]) {
      for (const text of ['one', 'two', 'three']) await confirmed(tab, text)
      const texts = await tab.locator('ol[aria-label="Segments"] > li p:first-of-type').allTextContents()
      expect(texts).toEqual(['one', 'two', 'three'])
    }
  })
})
