/** Who is here and who writes, as people see it. With PLINTH_SHOTS, pictures of it into that folder. */
import { join } from 'node:path'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible } from '../../test/axe.ts'
import { addPerson, field, newDraft } from '../../test/draft-acts.ts'
import { startStage } from '../../test/stage.ts'

const stage = await startStage()

const here = (page: Page) => page.getByRole('button', { name: /^Here now/ })

async function shoot(page: Page, name: string) {
  const folder = process.env.PLINTH_SHOTS
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`) })
}

async function remove(page: Page, name: string) {
  await page.getByRole('button', { name: /\d collaborators/ }).click()
  await page.getByRole('button', { name: `Remove ${name}` }).click()
  const question = page.getByRole('dialog', { name: new RegExp(`Remove ${name}`) })
  await question.getByRole('button', { name: `Remove ${name}` }).click()
}

/** An engineer's draft with all others as collaborators; on the engineer's screen only. */
async function draftOfThree(title: string, options: BrowserContextOptions = {}) {
  const ada = await stage.signIn(await stage.open(), 'admin')
  const vera = await stage.signIn(await stage.open(), 'viewer')
  const mira = await stage.signIn(await stage.open('/', options), 'engineer')
  const path = await newDraft(mira, title)
  await addPerson(mira, 'admin@plinth.local', 'Demo admin')
  await addPerson(mira, 'viewer@plinth.local', 'Demo viewer')
  return { mira, ada, vera, path }
}

describe('who is here', () => {
  it('comes and goes in the header, with all names behind the faces', async () => {
    const { mira, ada, vera, path } = await draftOfThree('Who is here')
    expect(await here(mira).count()).toBe(0)
    await ada.goto(path)
    await here(mira).waitFor()
    await mira.getByRole('button', { name: 'Here now: Demo admin', exact: true }).waitFor()
    await here(ada).waitFor()
    await ada.getByRole('button', { name: 'Here now: Demo engineer', exact: true }).waitFor()
    await vera.goto(path)
    await mira.getByRole('button', { name: 'Here now: Demo admin and Demo viewer' }).waitFor()
    await expectAccessible(mira)
    await shoot(mira, 'here')
    await here(mira).focus()
    await mira.keyboard.press('Enter')
    const names = mira.getByRole('list', { name: 'Here now' }).getByRole('listitem')
    await names.filter({ hasText: 'Demo viewer' }).waitFor()
    expect(await names.count()).toBe(2)
    await expectAccessible(mira)
    await shoot(mira, 'here-open')
    await mira.keyboard.press('Escape')
    await names.first().waitFor({ state: 'detached' })
    await here(mira).hover()
    await mira
      .getByRole('tooltip', { name: 'Demo viewer' })
      .or(mira.getByRole('tooltip', { name: 'Demo admin' }))
      .waitFor()
    await vera.goto('/drafts')
    await mira.getByRole('button', { name: 'Here now: Demo admin', exact: true }).waitFor({ timeout: 20_000 })
  })

  it('leaves the focus on the heading when the last other goes while all names are shown', async () => {
    const { mira, ada, path } = await draftOfThree('Focus')
    await ada.goto(path)
    await here(mira).waitFor()
    await here(mira).focus()
    await mira.keyboard.press('Enter')
    await mira.getByRole('list', { name: 'Here now' }).waitFor()
    await ada.goto('/drafts')
    await here(mira).waitFor({ state: 'detached', timeout: 30_000 })
    expect(await mira.evaluate(() => document.activeElement?.textContent)).toBe('Focus')
    await ada.goto(path)
    await here(mira).waitFor()
    expect(await mira.getByRole('list', { name: 'Here now' }).count()).toBe(0)
  })

  it('forgets at once who is removed, and is not shown to them', async () => {
    const { mira, ada, vera, path } = await draftOfThree('Removed')
    for (const page of [ada, vera]) {
      await page.goto(path)
      await here(page).waitFor()
    }
    await here(mira).filter({ hasText: 'Demo viewer' }).waitFor()
    await vera.goto('/drafts')
    await remove(mira, 'Demo viewer')
    // Without waiting for the grace of who was there a moment ago.
    await mira.getByRole('button', { name: 'Here now: Demo admin', exact: true }).waitFor({ timeout: 2000 })
    await mira.getByRole('dialog').waitFor()
    await mira.keyboard.press('Escape')
    await mira.getByRole('dialog').waitFor({ state: 'detached' })
    stage.expectFault(/status of 404/)
    await remove(mira, 'Demo admin')
    await here(mira).waitFor({ state: 'detached', timeout: 3000 })
    await ada.getByText('You do not write in this draft any more.').waitFor()
    await here(ada).waitFor({ state: 'detached' })
  })

  it('is not shown while the connection is away, and comes back with it', async () => {
    const { mira, ada, path } = await draftOfThree('Away')
    await ada.goto(path)
    await here(mira).waitFor()
    stage.expectFault(/ERR_INTERNET_DISCONNECTED|WebSocket|Failed to load/)
    await mira.context().setOffline(true)
    await here(mira).waitFor({ state: 'detached' })
    await mira.context().setOffline(false)
    await here(mira).waitFor()
  })

  it('is told over event streams where no socket gets through, and not at all where neither does', async () => {
    const { mira, ada, vera, path } = await draftOfThree('Streams')
    stage.expectFault(/WebSocket|ERR_FAILED|EventSource/)
    await vera.routeWebSocket(/\/trpc/, (socket) => socket.close())
    await vera.goto(path)
    await vera.getByRole('button', { name: 'Here now: Demo engineer' }).waitFor({ timeout: 40_000 })
    await mira.getByRole('button', { name: 'Here now: Demo viewer' }).waitFor()
    await ada.routeWebSocket(/\/trpc/, (socket) => socket.close())
    await ada.route(/drafts\.on(Event|Presence)/, (route) => route.abort())
    await ada.goto(path)
    await ada.getByText('This network lets no live connection through').first().waitFor({ timeout: 40_000 })
    expect(await here(ada).count()).toBe(0)
    await mira.getByRole('button', { name: 'Here now: Demo viewer', exact: true }).waitFor()
  })
})

describe('writing', () => {
  it('stops nothing where it cannot be told', async () => {
    const { mira, ada, path } = await draftOfThree('Untold')
    stage.expectFault(/status of 500/)
    const data = { code: 'INTERNAL_ERROR', details: [], requestId: 'r-1' }
    const failed = mira.waitForResponse(/drafts\.writing/)
    await mira.route(/drafts\.writing/, (route) =>
      route.fulfill({ status: 500, json: { error: { message: 'Broken', code: -32603, data } } }),
    )
    await ada.goto(path)
    await here(mira).waitFor()
    await field(mira).pressSequentially('Untold and kept')
    await failed
    await mira.getByRole('button', { name: 'Add segment' }).click()
    await ada.getByRole('listitem').filter({ hasText: 'Untold and kept' }).waitFor()
    expect(await mira.getByRole('alert').count()).toBe(0)
  })

  it('is shown to the others while it lasts, moves nothing, and is said aloud to nobody', async () => {
    const { mira, ada, path } = await draftOfThree('Writing')
    let told = 0
    mira.on('request', (request) => {
      if (request.url().includes('drafts.writing')) told++
    })
    await field(mira).pressSequentially('Nobody sees this')
    expect(told).toBe(0)
    await ada.goto(path)
    await here(mira).waitFor()
    const idle = ada.getByText('Demo engineer holds the ring. You can write when it is passed to you.')
    const writing = ada.getByText('Demo engineer is writing… You can write when the ring is passed to you.')
    await idle.waitFor()
    const before = await field(ada).boundingBox()
    await field(mira).pressSequentially(' and this is seen', { delay: 50 })
    await writing.waitFor()
    expect(await field(ada).boundingBox()).toEqual(before)
    expect(await writing.locator('xpath=ancestor-or-self::*[@aria-live or @role="status"]').count()).toBe(0)
    expect(await ada.getByRole('status').textContent()).not.toContain('writing')
    await expectAccessible(ada)
    await shoot(ada, 'writing')
    expect(told).toBeLessThanOrEqual(2)
    await mira.getByRole('button', { name: 'Add segment' }).click()
    await idle.waitFor({ timeout: 4000 })
    await field(mira).pressSequentially('left alone')
    await writing.waitFor()
    await idle.waitFor({ timeout: 10_000 })
  })
})

it.for([
  ['a phone', { viewport: { width: 360, height: 740 }, hasTouch: true }],
  ['a phone in the dark', { viewport: { width: 360, height: 740 }, colorScheme: 'dark' as const }],
  ['text at 200 %', { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 }],
] as const)('fits %s without sideways scrolling', async ([what, options]) => {
  const { mira, ada, vera, path } = await draftOfThree('A title that is quite a bit longer than a narrow screen', {
    ...options,
  })
  for (const page of [ada, vera]) await page.goto(path)
  await mira.getByRole('button', { name: /^Here now: Demo (admin and Demo viewer|viewer and Demo admin)$/ }).waitFor()
  await mira.getByRole('button', { name: 'Pass the ring' }).click()
  await mira.getByRole('menuitem', { name: 'Pass the ring to Demo admin' }).click()
  await expect.poll(() => field(ada).isEnabled()).toBe(true)
  await field(ada).pressSequentially('Something')
  await mira.getByText('Demo admin is writing…').first().waitFor()
  await here(mira).click()
  await mira.getByRole('list', { name: 'Here now' }).waitFor()
  await shoot(mira, what.replaceAll(/\W+/g, '-'))
  const sideways = () =>
    mira.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  await expect.poll(sideways).toBeLessThanOrEqual(0)
  await expectAccessible(mira)
})
