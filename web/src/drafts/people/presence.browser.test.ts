/** Who is here and who writes, as people see it. */
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { field, newDraft } from '../../../test/draft-acts.ts'
import { expectToFit, expectToLookRight, inTheDark } from '../../../test/shots.ts'
import { hurry, startStage } from '../../../test/stage.ts'

const stage = await startStage()

const here = (page: Page) => page.getByRole('button', { name: /^Here now/ })

async function remove(page: Page, name: string) {
  await page.getByRole('button', { name: /\d collaborators/ }).click()
  await page.getByRole('button', { name: `Remove ${name}` }).click()
  const question = page.getByRole('dialog', { name: new RegExp(`Remove ${name}`) })
  await question.getByRole('button', { name: `Remove ${name}` }).click()
}

// Once, for whoever never came cannot be added.
beforeAll(async () => {
  for (const person of ['admin', 'viewer'] as const) await stage.openSignedIn(person)
})

/** An engineer's draft with all others as collaborators; on the engineer's screen only. */
async function draftOfThree(title: string, options = {}) {
  const mira = await stage.openSignedIn('engineer', options)
  const path = await newDraft(mira, title, 'admin@plinth.local', 'viewer@plinth.local')
  await mira.goto(path)
  await mira.getByRole('heading', { level: 1, name: title }).waitFor()
  return { mira, path }
}

describe('who is here', () => {
  it('comes and goes in the header, with all names behind the faces', async () => {
    const { mira, path } = await draftOfThree('Who is here')
    expect(await here(mira).count()).toBe(0)
    const ada = await stage.openAs('admin', path)
    await here(mira).waitFor()
    await mira.getByRole('button', { name: 'Here now: Demo admin', exact: true }).waitFor()
    await here(ada).waitFor()
    await ada.getByRole('button', { name: 'Here now: Demo engineer', exact: true }).waitFor()
    const vera = await stage.openAs('viewer', path)
    await mira.getByRole('button', { name: 'Here now: Demo admin and Demo viewer' }).waitFor()
    await expectToLookRight(mira, 'here')
    await here(mira).focus()
    await mira.keyboard.press('Enter')
    const names = mira.getByRole('list', { name: 'Here now' }).getByRole('listitem')
    await names.filter({ hasText: 'Demo viewer' }).waitFor()
    expect(await names.count()).toBe(2)
    await expectToLookRight(mira, 'here open')
    await mira.keyboard.press('Escape')
    await names.first().waitFor({ state: 'detached' })
    await here(mira).hover()
    await mira
      .getByRole('tooltip', { name: 'Demo viewer' })
      .or(mira.getByRole('tooltip', { name: 'Demo admin' }))
      .waitFor()
    await vera.close()
    await mira.getByRole('button', { name: 'Here now: Demo admin', exact: true }).waitFor()
  })

  it('leaves the focus on the heading when the last other goes while all names are shown', async () => {
    const { mira, path } = await draftOfThree('Focus')
    const ada = await stage.openAs('admin', path)
    await here(mira).waitFor()
    await here(mira).focus()
    await mira.keyboard.press('Enter')
    await mira.getByRole('list', { name: 'Here now' }).waitFor()
    await ada.goto('about:blank')
    await here(mira).waitFor({ state: 'detached' })
    expect(await mira.evaluate(() => document.activeElement?.textContent)).toBe('Focus')
    await ada.goto(path)
    await here(mira).waitFor()
    expect(await mira.getByRole('list', { name: 'Here now' }).count()).toBe(0)
  })

  it('forgets at once who is removed, and is not shown to them', async () => {
    const { mira, path } = await draftOfThree('Removed')
    const [ada, vera] = await Promise.all([stage.openAs('admin', path), stage.openAs('viewer', path)])
    for (const page of [ada, vera]) await here(page).waitFor()
    await here(mira).filter({ hasText: 'Demo viewer' }).waitFor()
    await vera.close()
    await remove(mira, 'Demo viewer')
    // Without waiting for the grace of who was there a moment ago.
    await mira.getByRole('button', { name: 'Here now: Demo admin', exact: true }).waitFor({ timeout: 8000 })
    await mira.getByRole('dialog').waitFor()
    await mira.keyboard.press('Escape')
    await mira.getByRole('dialog').waitFor({ state: 'detached' })
    stage.expectFault(/status of 404/)
    await remove(mira, 'Demo admin')
    await here(mira).waitFor({ state: 'detached', timeout: 8000 })
    await ada.getByText('You do not write in this draft any more.').waitFor()
    await here(ada).waitFor({ state: 'detached' })
  })

  it('is not shown while the connection is away, and comes back with it', async () => {
    const { mira, path } = await draftOfThree('Away')
    await stage.openAs('admin', path)
    await here(mira).waitFor()
    stage.expectFault(/ERR_INTERNET_DISCONNECTED|WebSocket|Failed to load/)
    await mira.context().setOffline(true)
    await here(mira).waitFor({ state: 'detached' })
    await mira.context().setOffline(false)
    await here(mira).waitFor()
  })

  it('is told over event streams where no socket gets through, and not at all where neither does', async () => {
    const { mira, path } = await draftOfThree('Streams')
    stage.expectFault(/WebSocket|ERR_FAILED|EventSource/)
    const [ada, vera] = [await stage.openSignedIn('admin'), await stage.openSignedIn('viewer')]
    for (const page of [ada, vera]) await page.routeWebSocket(/\/trpc/, (socket) => socket.close())
    await ada.route(/drafts\.on(Event|Presence)/, (route) => route.abort())
    await hurry(ada)
    await Promise.all([ada.goto(path), vera.goto(path)])
    await vera.getByRole('button', { name: 'Here now: Demo engineer' }).waitFor()
    await mira.getByRole('button', { name: 'Here now: Demo viewer' }).waitFor()
    await ada.getByText('This network lets no live connection through').first().waitFor()
    expect(await here(ada).count()).toBe(0)
    await mira.getByRole('button', { name: 'Here now: Demo viewer', exact: true }).waitFor()
  })
})

describe('writing', () => {
  it('stops nothing where it cannot be told', async () => {
    const { mira, path } = await draftOfThree('Untold')
    stage.expectFault(/status of 500/)
    const data = { code: 'INTERNAL_ERROR', details: [], requestId: 'r-1' }
    const failed = mira.waitForResponse(/drafts\.writing/)
    await mira.route(/drafts\.writing/, (route) =>
      route.fulfill({ status: 500, json: { error: { message: 'Broken', code: -32603, data } } }),
    )
    const ada = await stage.openAs('admin', path)
    await here(mira).waitFor()
    await field(mira).pressSequentially('Untold and kept')
    await failed
    await mira.getByRole('button', { name: 'Add segment' }).click()
    await ada.getByRole('listitem').filter({ hasText: 'Untold and kept' }).waitFor()
    expect(await mira.getByRole('alert').count()).toBe(0)
  })

  it('is shown to the others while it lasts, moves nothing, and is said aloud to nobody', async () => {
    const { mira, path } = await draftOfThree('Writing')
    let told = 0
    mira.on('request', (request) => {
      if (request.url().includes('drafts.writing')) told++
    })
    await field(mira).pressSequentially('Nobody sees this')
    expect(told).toBe(0)
    const ada = await stage.openAs('admin', path)
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
    await expectToLookRight(ada, 'writing')
    expect(told).toBeLessThanOrEqual(2)
    await mira.getByRole('button', { name: 'Add segment' }).click()
    await idle.waitFor({ timeout: 4000 })
    await field(mira).pressSequentially('left alone')
    await writing.waitFor()
    await idle.waitFor()
  })
})

it('fits where there is little room', async () => {
  const { mira, path } = await draftOfThree('A title that is quite a bit longer than a narrow screen', inTheDark)
  const ada = await stage.openAs('admin', path)
  await stage.openAs('viewer', path)
  await mira.getByRole('button', { name: /^Here now: Demo (admin and Demo viewer|viewer and Demo admin)$/ }).waitFor()
  await mira.getByRole('button', { name: 'Pass the ring' }).click()
  await mira.getByRole('menuitem', { name: 'Pass the ring to Demo admin' }).click()
  await expect.poll(() => field(ada).isEnabled()).toBe(true)
  await field(ada).pressSequentially('Something')
  await mira.getByText('Demo admin is writing…').first().waitFor()
  await here(mira).click()
  await mira.getByRole('list', { name: 'Here now' }).waitFor()
  await expectToFit(mira, 'draft with others')
})
