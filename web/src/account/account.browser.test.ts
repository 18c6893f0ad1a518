import { describe, expect, it } from 'vitest'
import { expectAccessible } from '../../test/axe.ts'
import { expectToLookRight } from '../../test/shots.ts'
import { startStage } from '../../test/stage.ts'

const stages = {
  cookies: await startStage(),
  jwt: await startStage({ environment: { AUTH_SESSION_MODE: 'jwt' } }),
}

describe('the account page', () => {
  const stage = stages.cookies

  it('changes the name, shows it in the header, and says what is wrong with one that cannot be stored', async () => {
    const page = await stage.openAs('engineer', '/account')
    const name = page.getByLabel('Display name')
    await name.fill('x'.repeat(81))
    await page.getByRole('button', { name: 'Save name' }).click()
    await page.getByText('Must be at most 80 characters').waitFor()
    await name.fill('Ada 🦫')
    await page.getByRole('button', { name: 'Save name' }).click()
    await page.getByText('Saved', { exact: true }).waitFor()
    await page.getByRole('button', { name: /Ada 🦫.*account menu/s }).waitFor()
    await expectAccessible(page)
  })

  it('takes a username once, and says who may have which', async () => {
    const page = await stage.openAs('engineer', '/account')
    const choose = async (name: string) => {
      await page.getByLabel('Username').fill(name)
      await page.getByRole('button', { name: 'Save username' }).click()
    }
    await choose('two words')
    await page.getByText('Must be 3 to 20 letters, digits or underscores').waitFor()
    await choose('Ada_1815')
    await page.getByText('Saved', { exact: true }).waitFor()
    stage.expectFault(/status of 409/)
    const other = await stage.openAs('viewer', '/account')
    await other.getByLabel('Username').fill('ada_1815')
    await other.getByRole('button', { name: 'Save username' }).click()
    await other.getByText('Somebody else has this username').waitFor()
    expect(await other.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('username')
  })

  it('explains why the only sign-in method stays', async () => {
    const page = await stage.openAs('viewer', '/account/sign-in-methods')
    await page.getByText('Google').first().waitFor()
    await page
      .getByText(/only way to sign in/i)
      .first()
      .waitFor()
    await expectAccessible(page)
  })
})

describe.each(['cookies', 'jwt'] as const)('the account page (%s)', (mode) => {
  const stage = stages[mode]

  it("ends another device's session, and that page is cleared and says why", async () => {
    const phone = await stage.openAs('admin', '/account', {
      userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1',
    })
    await phone.getByLabel('Display name').waitFor()

    const desk = await stage.openAs('admin', '/account/devices')
    await desk.getByRole('button', { name: 'End session on Safari on iOS' }).click()
    await desk.getByRole('dialog', { name: 'End the session on Safari on iOS?' }).waitFor()
    await expectAccessible(desk)
    await desk.getByRole('dialog').getByRole('button', { name: 'End session' }).click()

    await phone.getByText('You were signed out from another device.').first().waitFor()
    await phone.getByRole('heading', { name: 'Sign in to Plinth' }).waitFor()
    expect(await phone.getByText('Demo admin').count()).toBe(0)
    await expectAccessible(phone)
    await desk.getByText('Session ended').first().waitFor()
    expect(await desk.getByRole('button', { name: /^End session on/ }).count()).toBe(0)
  })

  it('clears a page that missed the end of its session at the next refused call, and shows why', async () => {
    const phone = await stage.open(undefined, {
      userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1',
    })
    // Its sockets open and receive nothing.
    await phone.routeWebSocket(/\/trpc/, () => {})
    await stage.signIn(phone, 'admin', '/account')
    await phone.getByLabel('Display name').waitFor()

    const desk = await stage.openAs('admin', '/account/devices')
    await desk.getByRole('button', { name: 'End session on Safari on iOS' }).click()
    await desk.getByRole('dialog').getByRole('button', { name: 'End session' }).click()
    await desk.getByText('Session ended').first().waitFor()

    expect(await phone.getByText('Demo admin').count()).toBeGreaterThan(0)
    stage.expectFault(/status of 401/)
    await phone.getByRole('tab', { name: 'Devices' }).click()
    await phone.getByText('You were signed out from another device.').first().waitFor()
    await phone.getByRole('heading', { name: 'Sign in to Plinth' }).waitFor()
    expect(await phone.getByText('Demo admin').count()).toBe(0)
  })

  it('adds a Google account, shows it in the list, and refuses one of another user', async () => {
    const page = await stage.openAs('viewer', '/account/sign-in-methods')
    const add = async (user: string) => {
      await page.getByRole('button', { name: 'Add a Google account' }).click()
      await page.getByRole('link', { name: `Demo ${user}` }).click()
      await page.waitForURL(`${stage.url}/account/sign-in-methods`)
    }
    await stage.openAs('admin')
    await add('admin')
    await page.getByText('Another account has this sign-in method.').first().waitFor()
    await expectToLookRight(page, 'a sign-in method of another user')

    await stage.changeDatabase("delete from users where email = 'engineer@plinth.local'")
    await page.reload()
    await add('engineer')
    await page.getByText('Sign-in method added').first().waitFor()
    await page.getByText('engineer@plinth.local').waitFor()
    await page.setViewportSize({ width: 360, height: 740 })
    await expectToLookRight(page, 'an added sign-in method')
    await page.getByRole('button', { name: 'Unlink Google (engineer@plinth.local)' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Unlink Google' }).click()
    await page.getByText('only way to sign in').waitFor()
  })

  it('continues automatically after the server was unavailable', async () => {
    const page = await stage.openAs('viewer', '/account')
    await page.getByLabel('Display name').waitFor()
    // The last of what the page fetches.
    await page.getByRole('button', { name: /account menu/ }).waitFor()
    stage.expectFault(/WebSocket connection to|ERR_CONNECTION_(REFUSED|RESET)|status of 50\d/)
    await stage.stopServer()
    await page
      .getByText(/Connection lost, trying again/)
      .first()
      .waitFor()
    await stage.startServer()
    await page.getByRole('complementary', { name: 'Status' }).waitFor({ state: 'detached' })
    await page.getByLabel('Display name').fill('Back again')
    await page.getByRole('button', { name: 'Save name' }).click()
    await page.getByText('Saved', { exact: true }).waitFor()
  })
})
