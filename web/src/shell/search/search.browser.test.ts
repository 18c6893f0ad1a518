import type { Page, Route } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible } from '../../../test/axe.ts'
import { expectToFit, expectToLookRight, inTheDark } from '../../../test/shots.ts'
import { post, startStage } from '../../../test/stage.ts'

const stage = await startStage()

const field = (page: Page) => page.getByRole('combobox', { name: 'Search and commands' })
const options = (page: Page) => page.getByRole('option').allInnerTexts()
const group = (page: Page, name: string) => page.getByRole('group', { name, exact: true }).getByRole('option')
const status = (page: Page, text: string) => page.getByRole('dialog').getByRole('status').filter({ hasText: text })

async function openSearch(page: Page) {
  await page.getByRole('button', { name: /account menu/ }).waitFor()
  await page.keyboard.press('Control+k')
  await field(page).waitFor()
}

/** A page of the engineer, with something to find. */
async function openWith(tasks: string[], look = {}): Promise<Page> {
  const page = await stage.openSignedIn('engineer', look)
  for (const title of tasks) await post(page, '/api/v1/tasks', { title, description: 'Before the committee meets' })
  await page.goto('/')
  return page
}

describe('search', () => {
  it('finds a task by how its words begin, and Enter opens it', async () => {
    const page = await openWith(['Order the quince seedlings', 'Water the quinces'], inTheDark)
    await openSearch(page)
    await page.keyboard.type('seed quin')
    await expect.poll(() => group(page, 'Tasks').allInnerTexts()).toEqual(['Order the quince seedlings'])
    expect(await group(page, 'Tasks').locator('mark').allInnerTexts()).toEqual(['quince', 'seedlings'])
    await status(page, '1 result').waitFor()
    await expectAccessible(page)
    await expectToFit(page, 'search with results')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/tasks\?task=[0-9a-f-]{36}$/)
  })

  it('opens a conversation at the message that has the words, and marks it', async () => {
    const page = await stage.openSignedIn('engineer', { viewport: { width: 1280, height: 800 } })
    const { data } = await post<{ data: { id: string } }>(page, '/api/v1/conversations', { title: 'Orchard' })
    for (let n = 1; n <= 60; n++) {
      const content = n === 5 ? 'When does the serviceberry flower?' : `Note ${n}. ${'It grows slowly. '.repeat(n % 7)}`
      await post(page, `/api/v1/conversations/${data.id}/messages`, { role: 'user', content })
    }
    await page.goto('/')
    await openSearch(page)
    await page.keyboard.type('serviceberry')
    await group(page, 'Conversations').first().waitFor()
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/conversations\/[0-9a-f-]{36}\?message=[0-9a-f-]{36}$/)
    const found = page.getByRole('listitem').filter({ hasText: 'serviceberry' })
    const isInSight = () =>
      found.evaluate((it) => {
        const { top, bottom } = it.getBoundingClientRect()
        return top > 60 && bottom < innerHeight - 100
      })
    await expect.poll(isInSight).toBe(true)
    expect(await found.getAttribute('aria-current')).toBe('true')
    await expect.poll(() => found.evaluate((it) => it === document.activeElement)).toBe(true)
    await expectToLookRight(page, 'a message that was found')
    // Over a reload as well, and not at the end of the conversation.
    await page.reload()
    await expect.poll(isInSight).toBe(true)
    // The conversation without a message opens at its end.
    await page.getByRole('link', { name: 'Orchard' }).first().click()
    await page.getByText('Note 60.').waitFor()
    await expect.poll(isInSight).toBe(false)
  })

  it('shows what was recent before a text, and commands after', async () => {
    const page = await openWith(['The most recent medlar'])
    await openSearch(page)
    await expect.poll(() => group(page, 'Recent').first().innerText()).toContain('The most recent medlar')
    expect(await group(page, 'Commands').count()).toBeGreaterThan(3)
    const all = await options(page)
    expect(all.findIndex((text) => text.includes('medlar'))).toBe(0)
    await page.keyboard.type('no such words at all')
    await status(page, 'Nothing found').waitFor()
    expect(await options(page)).toEqual([])
  })

  it('leaves out a response to an earlier text that comes late', async () => {
    const page = await openWith(['Hazel of the early text', 'Hawthorn of the late text'])
    const held: Route[] = []
    await page.route(/trpc\/search/, async (route) => {
      if (decodeURIComponent(route.request().url()).includes('"hazel"')) held.push(route)
      else await route.continue()
    })
    await openSearch(page)
    await page.keyboard.type('hazel')
    await expect.poll(() => held.length).toBe(1)
    await field(page).fill('hawthorn')
    await expect.poll(() => group(page, 'Tasks').first().innerText()).toContain('Hawthorn')
    // It may have been aborted, which is as good.
    await held[0]?.continue().catch(() => {})
    await status(page, '1 result').waitFor()
    expect((await options(page)).join()).not.toContain('Hazel')
  })

  it('says that it is offline, finds commands there, and tries again', async () => {
    const page = await openWith(['Rowan'])
    await openSearch(page)
    await group(page, 'Recent').first().waitFor()
    stage.expectFault(/Failed to load resource|net::ERR/)
    await page.context().setOffline(true)
    await page.keyboard.type('keyboard')
    await status(page, 'You are offline').waitFor()
    expect(await options(page)).toEqual(['Show keyboard shortcuts'])
    await page.context().setOffline(false)
    await field(page).fill('rowan')
    await expect.poll(() => group(page, 'Tasks').first().innerText()).toContain('Rowan')
  })
})
