/** The same pages where AUTH_SESSION_MODE is `jwt`. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { startStage } from '../../test/stage.ts'

const stage = await startStage({ environment: { AUTH_SESSION_MODE: 'jwt' } })
const chip = 'account menu'
/** The local provider is another port of this host, and has cookies too. */
const ourCookies = async (page: Page) =>
  (await page.context().cookies()).filter(({ name }) => name.startsWith('plinth_'))

describe('with tokens', () => {
  it('signing in leaves no code in the address or the history, and lasts over a reload', async () => {
    const page = await stage.open()
    const addresses: string[] = []
    page.on('framenavigated', (frame) => addresses.push(frame.url()))
    stage.expectFault(/401/)
    await stage.signIn(page, 'engineer')
    await page.getByRole('button', { name: chip }).waitFor()
    expect(page.url()).toBe(`${stage.url}/`)
    expect(addresses.at(-1)).not.toContain('code')
    await page.reload()
    await page.getByRole('button', { name: chip }).waitFor()
    const cookies = await ourCookies(page)
    expect(cookies.map(({ name, httpOnly, sameSite }) => [name, httpOnly, sameSite])).toEqual([
      ['plinth_refresh', true, 'Lax'],
    ])
    // No token that a script in the page could steal. A JWT begins with the base64 of `{"` (RFC 7515 section 3.3), which the
    // random keys of the router in sessionStorage, all lower case, never hold.
    expect(
      await page.evaluate(() =>
        [document.cookie, ...Object.values(localStorage), ...Object.values(sessionStorage)].join(),
      ),
    ).not.toMatch(/eyJ[A-Za-z0-9]/)
  })

  it('signing out in one tab ends it in the other, which had a token of its own', async () => {
    stage.expectFault(/401|WebSocket/)
    const page = await stage.signIn(await stage.open(), 'viewer')
    const other = await page.context().newPage()
    await other.goto('/account')
    await other.getByLabel('Display name').waitFor()
    await page.bringToFront()
    await page.getByRole('button', { name: chip }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await other.getByText('You signed out.').first().waitFor()
    expect(await ourCookies(page)).toEqual([])
  })
})
