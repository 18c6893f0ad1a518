/** What the home page shows to whom, and that nothing in it moves while it loads. */
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { expectAccessible } from '../../test/axe.ts'
import { newDraft, passRing } from '../../test/draft-acts.ts'
import { report } from '../../test/drift-acts.ts'
import { expectToFit, inTheDark } from '../../test/shots.ts'
import { startStage } from '../../test/stage.ts'
import { deleteAllTasks, makeTasks } from '../../test/task-acts.ts'

const stage = await startStage({ mock: true })

const section = (page: Page, name: string) =>
  page.locator('section').filter({ has: page.getByRole('heading', { name }) })
const rowsOf = (page: Page, list: string) => page.getByRole('list', { name: list }).getByRole('listitem')

/** The sum of all shifts of the layout, as the browser counts them, once the page is idle. */
async function shiftOf(page: Page, path: string): Promise<number> {
  await page.addInitScript(() => {
    const seen = { shift: 0 }
    Object.assign(globalThis, { seen })
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) seen.shift += (entry as PerformanceEntry & { value: number }).value
    }).observe({ type: 'layout-shift', buffered: true })
  })
  await page.goto(path, { waitUntil: 'networkidle' })
  await page.getByRole('heading', { level: 2 }).first().waitFor()
  return page.evaluate(() => (globalThis as unknown as { seen: { shift: number } }).seen.shift)
}

it('shows an engineer the drifts to decide by severity, the drafts whose ring they hold, and the next tasks', async () => {
  const engineer = await stage.openSignedIn('engineer')
  const admin = await stage.openSignedIn('admin')
  await report(engineer, 'web-frontend', { severity: 'low' })
  await report(engineer, 'web-backend', { severity: 'critical' })
  await report(engineer, 'database', { severity: 'critical' })
  await newDraft(engineer, 'Mine to write')
  const passed = await newDraft(engineer, 'Passed on', 'admin@plinth.local')
  await passRing(engineer, passed, 'admin@plinth.local')
  await deleteAllTasks(engineer)
  await makeTasks(engineer, ['one', 'two', 'three', 'four', 'five', 'six'])

  await engineer.goto('/')
  await expect
    .poll(() => rowsOf(engineer, 'Drifts to decide').allInnerTexts())
    .toEqual(['Critical\n2 drifts', 'Low\n1 drift'])
  expect(await rowsOf(engineer, 'Drafts whose ring you hold').allInnerTexts()).toEqual([
    expect.stringContaining('Mine to write'),
  ])
  expect(await rowsOf(engineer, 'Next tasks').allInnerTexts()).toEqual(['one', 'two', 'three', 'four', 'five'])
  const titles = await engineer.getByRole('main').getByRole('heading', { level: 2 }).allInnerTexts()
  expect(titles).toEqual(['Drifts to decide', 'Drafts whose ring you hold', 'Next tasks'])

  await engineer.getByRole('textbox', { name: 'Add a task' }).fill('zero')
  await engineer.keyboard.press('Enter')
  await expect.poll(() => rowsOf(engineer, 'Next tasks').first().innerText()).toBe('zero')
  expect(new URL(engineer.url()).pathname).toBe('/')

  await engineer.getByRole('link', { name: /Critical/ }).click()
  await engineer.waitForURL('**/drifts?status=pending&severity=critical')
  await admin.goto('/')
  await expect
    .poll(() => rowsOf(admin, 'Drafts whose ring you hold').allInnerTexts())
    .toEqual([expect.stringContaining('Passed on')])
})

it('offers a viewer neither decisions nor the field for a task', async () => {
  const page = await stage.openAs('viewer')
  await page.getByText('Nothing is left to do.').waitFor()
  const titles = await page.getByRole('main').getByRole('heading', { level: 2 }).allInnerTexts()
  expect(titles).toEqual(['Drafts whose ring you hold', 'Next tasks'])
  expect(await page.getByRole('textbox', { name: 'Add a task' }).count()).toBe(0)
  await expectAccessible(page)
})

it('shows visitors the products in a line each, and the public drifts', async () => {
  const engineer = await stage.openSignedIn('engineer')
  await report(engineer, 'queue', { severity: 'high' })
  const page = await stage.open('/', inTheDark)
  await expect.poll(() => rowsOf(page, 'Drifts that wait for a decision').first().innerText()).toContain('queue')
  expect(await rowsOf(page, 'Products').count()).toBe(4)
  await expectToFit(page, 'home of visitors')
  await page.getByRole('link', { name: /queue/ }).click()
  await page.getByRole('heading', { level: 1, name: 'queue' }).waitFor()
})

it('leaves no error in the console of visitors', async () => {
  const page = await stage.open()
  const errors: string[] = []
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  await page.goto('/', { waitUntil: 'networkidle' })
  await page.getByRole('link', { name: 'Sign in' }).first().click()
  await page.getByRole('heading', { level: 1 }).waitFor()
  expect(errors).toEqual([])
})

it('fits where there is little room', async () => {
  const page = await stage.openSignedIn('engineer', inTheDark)
  await report(page, 'w'.repeat(60), { severity: 'medium' })
  await newDraft(page, `Long ${'w'.repeat(60)}`)
  await makeTasks(page, [`Long ${'w'.repeat(60)}`])
  await page.goto('/')
  await page.getByRole('heading', { name: 'Next tasks' }).waitFor()
  await expectToFit(page, 'home')
})

it('moves nothing while it loads, however late each response comes', async () => {
  const page = await stage.openSignedIn('engineer')
  await report(page, 'late', { severity: 'high' })
  await newDraft(page, 'Late')
  await makeTasks(page, ['late'])
  // One after the other, from the last section to the first.
  const order = ['tasks.list', 'drafts.list', 'metrics.summary']
  let answered = Promise.resolve()
  await page.route(/\/trpc\//, async (route) => {
    const path = order.find((name) => route.request().url().includes(name))
    if (!path) return route.continue()
    const before = answered
    const { promise, resolve } = Promise.withResolvers<void>()
    answered = promise
    await before
    await route.continue()
    resolve()
  })
  expect(await shiftOf(page, '/')).toBeLessThan(0.001)
  expect(await section(page, 'Drifts to decide').count()).toBe(1)
  const visitor = await stage.open()
  expect(await shiftOf(visitor, '/')).toBeLessThan(0.001)
})

it('says of each section what could not be loaded, and loads it again', async () => {
  const page = await stage.openSignedIn('engineer')
  stage.expectFault(/status of 503/)
  let isBroken = true
  await page.route(/drafts\.list/, (route) => {
    if (!isBroken) return route.continue()
    return route.fulfill({ status: 503, contentType: 'application/json', body: '{}' })
  })
  await page.goto('/')
  const drafts = section(page, 'Drafts whose ring you hold')
  const again = drafts.getByRole('button', { name: 'Try again' })
  await again.waitFor()
  await page.getByRole('heading', { name: 'Next tasks' }).waitFor()
  isBroken = false
  await again.click()
  await again.waitFor({ state: 'detached' })
})
