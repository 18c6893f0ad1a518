/** A browser without a network: what it shows, what it keeps, and what becomes of what is done meanwhile. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { expect, it, onTestFinished } from 'vitest'
import { expectAccessible } from '../../test/axe.ts'
import { field as draftField, newDraft } from '../../test/draft-acts.ts'
import { expectToFit, inTheDark } from '../../test/shots.ts'
import { startStage } from '../../test/stage.ts'
import { makeTasks } from '../../test/task-acts.ts'

const stage = await startStage()

async function newFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'plinth-browser-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const field = (page: Page) => page.getByRole('textbox', { name: 'Add a task' })
const list = (page: Page) => page.getByRole('list', { name: 'Open tasks' })
const titles = (page: Page) => list(page).locator('[data-task-link] > span:first-child').allTextContents()
const status = (page: Page) => page.getByRole('complementary', { name: 'Status' })

const saved = (page: Page) =>
  expect.poll(() => page.getByRole('img', { name: 'Not yet saved on the server' }).count()).toBe(0)

async function add(page: Page, title: string) {
  await field(page).fill(title)
  await page.keyboard.press('Enter')
}

/** Everything that the app needs is in the browser. */
const shellKept = (page: Page) =>
  page.evaluate(async () => {
    await navigator.serviceWorker.ready
    const names = await caches.keys()
    const caught = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()))
    return caught.flat().map(({ url }) => new URL(url).pathname)
  })

/** What was loaded and outlives the page, by the keys of the queries. */
const queriesKept = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<Record<string, string>>((resolve, reject) => {
        const opening = indexedDB.open('plinth-kept')
        opening.onerror = () => reject(opening.error)
        opening.onsuccess = () => {
          const asking = opening.result.transaction('queries').objectStore('queries').getAll()
          const text = (data: unknown) =>
            JSON.stringify(data, (_key, value) => (value instanceof Map ? [...value] : value))
          asking.onsuccess = () =>
            resolve(Object.fromEntries(asking.result.map((row) => [row.queryHash, text(row.query.state.data)])))
          asking.onerror = () => reject(asking.error)
        }
      }),
  )

const tenTitles = Array.from({ length: 10 }, (_, i) => `Made offline ${i + 1}`)

it('keeps ten changes over its own end and the server’s, shows them without a network, and sends each once and in order', async () => {
  stage.expectFault(/Failed to load resource|ERR_|WebSocket/)
  const folder = await newFolder()
  const before = await stage.openAgain(folder)
  await stage.signIn(before, 'engineer')
  await before.goto('/tasks')
  await field(before).waitFor()
  await add(before, 'Made before')
  await expect.poll(() => titles(before)).toEqual(['Made before'])
  await saved(before)
  const kept = await shellKept(before)
  expect(kept).toContain('/')
  expect(kept.filter((path) => !/^\/($|assets\/|[a-z-]+\.(js|svg)$)/.test(path))).toEqual([])
  await expect
    .poll(() => queriesKept(before))
    .toMatchObject({
      '["session"]': expect.stringContaining('Demo engineer'),
      '["tasks in sight"]': expect.stringContaining('Made before'),
    })

  await before.context().setOffline(true)
  for (const title of tenTitles) await add(before, title)
  const all = [...tenTitles.toReversed(), 'Made before']
  await expect.poll(() => titles(before)).toEqual(all)
  await status(before).getByText('10 changes wait to be sent.').waitFor()
  await stage.stopServer()
  await before.context().close()

  const after = await stage.openAgain(folder)
  await after.context().setOffline(true)
  await after.goto('/tasks')
  await after.getByRole('button', { name: /account menu/ }).waitFor()
  await expect.poll(() => titles(after)).toEqual(all)
  await status(after)
    .getByText(/You are offline\..*10 changes wait to be sent\./)
    .waitFor()
  await expectAccessible(after)
  await status(after).getByRole('button', { name: 'Show changes' }).click()
  const waiting = after.getByRole('list', { name: 'Waiting changes' }).locator('strong')
  await expect.poll(() => waiting.allTextContents()).toEqual(tenTitles.map((title) => `Add the task “${title}”`))
  await expectAccessible(after)
  await after.keyboard.press('Escape')

  await stage.startServer()
  await after.context().setOffline(false)
  await status(after).waitFor({ state: 'detached' })
  expect(await titles(after)).toEqual(all)
  const elsewhere = await stage.openAs('engineer', '/tasks')
  await expect.poll(() => titles(elsewhere)).toEqual(all)
})

it('shows the tasks that were loaded when it is reloaded without a network a moment later', async () => {
  stage.expectFault(/Failed to load resource|ERR_|WebSocket/)
  const page = await stage.openSignedIn('engineer', { serviceWorkers: 'allow' })
  await makeTasks(page, ['Loaded a moment ago'])
  await page.goto('/')
  expect(await shellKept(page)).toContain('/')
  // A deferred write would come too late.
  await page.addInitScript(() => {
    const wait = setTimeout
    globalThis.setTimeout = ((act: () => void, ms = 0) => (ms < 500 ? wait(act, ms) : 0)) as typeof setTimeout
  })
  await page.goto('/tasks')
  await list(page).getByText('Loaded a moment ago').waitFor()
  await expect
    .poll(() => queriesKept(page))
    .toMatchObject({ '["tasks in sight"]': expect.stringContaining('Loaded a moment ago') })
  await page.context().setOffline(true)
  await page.reload()
  await list(page).getByText('Loaded a moment ago').waitFor()
})

/** Done offline to a task that was deleted meanwhile. The page is an administrator's, who has no other task. */
async function haveOneRefused(page: Page) {
  stage.expectFault(/Failed to load resource|ERR_|WebSocket|status of 404/)
  await page.goto('/tasks')
  await add(page, 'Gone by then')
  await expect.poll(() => titles(page)).toEqual(['Gone by then'])
  await saved(page)
  await page.context().setOffline(true)
  await list(page).getByRole('checkbox').click()
  await status(page).getByText('1 change waits to be sent.').waitFor()
  const elsewhere = await stage.signIn(await stage.open(), 'admin')
  const { id } = (await (await elsewhere.request.get('/api/v1/tasks')).json()).data[0]
  await elsewhere.request.delete(`/api/v1/tasks/${id}`, { headers: { origin: stage.url } })
  await page.context().setOffline(false)
  await status(page).getByText('1 change was refused.').waitFor()
}

it('shows what the server refused with the reason, until it is discarded, and forgets it all at sign-out', async () => {
  const page = await stage.signIn(await stage.open(), 'admin')
  await haveOneRefused(page)
  await page.reload()
  await status(page).getByRole('button', { name: 'Show changes' }).click()
  const dialog = page.getByRole('dialog', { name: 'Changes that are not sent' })
  await dialog.getByText(/^Mark .* as done$/).waitFor()
  await dialog.getByText('There is nothing here, or it is not yours to see.').waitFor()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Discard' }).click()
  await dialog.getByText('Everything is sent.').waitFor()
  await page.keyboard.press('Escape')
  await status(page).waitFor({ state: 'detached' })

  await page.goto('/account/devices')
  await page.getByRole('heading', { level: 1 }).waitFor()
  await expect.poll(() => queriesKept(page)).not.toEqual({})
  expect(Object.keys(await queriesKept(page)).filter((key) => key.includes('account'))).toEqual([])
  await page.getByRole('button', { name: /account menu/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.waitForURL(/\/sign-in/)
  await expect.poll(() => queriesKept(page)).toEqual({})
})

/** Everything in the browser's storage: all rows of all databases, localStorage and caches. */
const stored = (page: Page) =>
  page.evaluate(async () => {
    const result = <Value>(asked: IDBRequest<Value>) =>
      new Promise<Value>((resolve, reject) => {
        asked.onsuccess = () => resolve(asked.result)
        asked.onerror = () => reject(asked.error)
      })
    const found: unknown[] = [{ ...localStorage }, { ...sessionStorage }]
    for (const { name = '' } of await indexedDB.databases()) {
      const database = await result(indexedDB.open(name))
      for (const store of database.objectStoreNames)
        found.push(await result(database.transaction(store).objectStore(store).getAll()))
      database.close()
    }
    return JSON.stringify(found)
  })

it('asks at sign-out what becomes of what is unsent, and sends it, keeps it for its user or deletes it from the device', async () => {
  const page = await stage.signIn(await stage.open(undefined, inTheDark), 'admin')
  await haveOneRefused(page)
  const path = await newDraft(page, 'Spring plan')
  const dialog = page.getByRole('dialog', { name: 'Sign out before everything is sent?' })
  const items = dialog.getByRole('listitem')
  const beginDraft = async (text: string) => {
    await page.goto(path)
    await draftField(page).fill(text)
  }
  const askToSignOut = async () => {
    await page.getByRole('button', { name: /account menu/ }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await dialog.waitFor()
  }
  const focused = (of: Locator) =>
    expect.poll(() => of.evaluate((element) => element === document.activeElement)).toBe(true)

  await beginDraft('Half a thought')
  await askToSignOut()
  expect(await items.allTextContents()).toEqual([
    'Mark a task as doneRefused: There is nothing here, or it is not yours to see.',
    'Unfinished in the draft “Spring plan”: “Half a thought”',
  ])
  await focused(dialog.getByLabel('Send now'))
  await expectToFit(page, 'unsent at sign-out')
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  await focused(page.getByRole('button', { name: /account menu/ }))
  expect(await draftField(page).inputValue()).toBe('Half a thought')

  await askToSignOut()
  await dialog.getByRole('button', { name: 'Send and sign out' }).click()
  await expect.poll(() => items.count()).toBe(1)
  expect(await draftField(page).inputValue()).toBe('')
  await page.getByText('Half a thought', { exact: true }).waitFor()
  await dialog.getByRole('button', { name: 'Keep and sign out' }).click()
  await page.waitForURL(/\/sign-in/)
  const left = page.getByRole('main').getByText('1 change was not sent. Sign in here as the same user')
  await left.getByText(/It is deleted on \w+ \d+\.$/).waitFor()
  await expectAccessible(page)

  await stage.signIn(page, 'viewer')
  await page.goto('/tasks')
  await page.getByRole('button', { name: /Demo viewer/ }).waitFor()
  expect(await status(page).count()).toBe(0)
  await stage.signIn(page, 'admin')
  await status(page).getByText('1 change was refused.').waitFor()

  await beginDraft('Of no use')
  await askToSignOut()
  await dialog.getByLabel('Discard', { exact: true }).check()
  await dialog.getByRole('button', { name: 'Discard and sign out' }).click()
  await page.waitForURL(/\/sign-in/)
  await expect.poll(() => stored(page)).not.toMatch(/Of no use|taskId|Spring plan|Demo admin|admin@/)
  expect(await left.count()).toBe(0)

  await stage.signIn(page, 'admin')
  await beginDraft('Kept for a week')
  await askToSignOut()
  await dialog.getByLabel('Keep on this device').check()
  await dialog.getByRole('button', { name: 'Keep and sign out' }).click()
  await left.waitFor()
  expect(await stored(page)).toContain('Kept for a week')
  const weeksAgo = (text: string) => text.replace(/"until":\d+/, '"until":1')
  await page.evaluate(
    ([key, past]) => localStorage.setItem(key as string, past as string),
    ['plinth-left-by-choice', weeksAgo(await page.evaluate(() => localStorage['plinth-left-by-choice']))],
  )
  await page.reload()
  await expect.poll(() => stored(page)).not.toContain('Kept for a week')
})
