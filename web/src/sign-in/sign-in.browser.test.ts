import { describe, expect, it } from 'vitest'
import { expectAccessible } from '../../test/axe.ts'
import { onPhone } from '../../test/shots.ts'
import { startStage } from '../../test/stage.ts'

const stages = {
  cookies: await startStage(),
  jwt: await startStage({ environment: { AUTH_SESSION_MODE: 'jwt' } }),
}

describe.each(['cookies', 'jwt'] as const)('signing in (%s)', (mode) => {
  const stage = stages[mode]

  it('leads from the button through the provider to a page that shows name, picture and role', async () => {
    const page = await stage.open('/')
    await page.getByRole('main').getByRole('link', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Sign in to Plinth' }).waitFor()
    await expectAccessible(page)
    await stage.signInByButton(page, 'engineer')
    const chip = page.getByRole('button', { name: /account menu/ })
    await chip.waitFor()
    expect(await chip.innerText()).toMatch(/Demo engineer[\s\S]*User/i)
    await page.getByRole('heading', { name: /Demo engineer/ }).waitFor()
    await expectAccessible(page)
  })

  it('stays over a reload and in a second tab, with no moment that looks signed out', async () => {
    const page = await stage.signIn(await stage.open(), 'viewer')
    const flashes = await page.context().newPage()
    await flashes.addInitScript(() => {
      const seen: string[] = []
      Object.assign(globalThis, { seen })
      new MutationObserver(() => {
        const text = document.body?.innerText ?? ''
        if (/\bSign in\b/.test(text)) seen.push(text)
      }).observe(document, { subtree: true, childList: true, characterData: true })
    })
    await flashes.goto('/account')
    await flashes.getByLabel('Display name').waitFor()
    await flashes.reload()
    await flashes.getByLabel('Display name').waitFor()
    expect(await flashes.evaluate(() => (globalThis as unknown as { seen: string[] }).seen)).toEqual([])
    await page.reload()
    await page.getByRole('button', { name: /account menu/ }).waitFor()
  })

  it('comes back to the page that asked for it', async () => {
    const page = await stage.open('/account/devices')
    await page.getByRole('link', { name: 'Sign in with Google' }).click()
    await page.getByRole('link', { name: 'Demo engineer' }).click()
    await page.waitForURL(`${stage.url}/account/devices`)
    await page.getByText('This device').waitFor()
  })

  it('says so when the user cancels, once, keeps the way back, and covers no button of a phone', async () => {
    const page = await stage.open('/account', onPhone)
    await page.getByRole('link', { name: 'Sign in with Google' }).click()
    await page.getByRole('link', { name: 'Cancel' }).click()
    await page
      .getByText(/Sign-in was cancelled/)
      .first()
      .waitFor()
    await expectAccessible(page)
    expect(page.url()).not.toContain('error=')
    expect(page.url()).toContain('returnTo')
    const toast = page.getByRole('group', { name: 'You are not signed in' })
    const covered = () =>
      toast.evaluate((element) => {
        const { top, bottom } = element.getBoundingClientRect()
        const controls = [...document.querySelectorAll('main :is(a, button, input)')]
        const boxes = controls.map((control) => [control.textContent, control.getBoundingClientRect()] as const)
        return boxes.filter(([, box]) => box.top < bottom && box.bottom > top).map(([name]) => name)
      })
    for (const y of [0, 10_000]) {
      await page.evaluate((top) => scrollTo(0, top), y)
      expect(await covered()).toEqual([])
    }
    await page.reload()
    await page.getByRole('link', { name: 'Sign in with Google' }).waitFor()
    expect(await page.getByText(/Sign-in was cancelled/).count()).toBe(0)
  })

  it('explains a used or foreign attempt in words, with the request to report', async () => {
    const page = await stage.open('/auth/google/callback?state=made-up&code=x')
    await page
      .getByText(/took too long, was already used or began in another browser/)
      .first()
      .waitFor()
    await page.getByText('Details').click()
    await page.getByText('SIGN_IN_EXPIRED').waitFor()
  })

  it('signs out a user who leaves the tab at once', async () => {
    const page = await stage.signIn(await stage.open())
    await page.getByRole('button', { name: /account menu/ }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).waitFor()
    // As in a tab that is not visible.
    await page.evaluate(() => {
      globalThis.requestAnimationFrame = () => 0
    })
    await page.getByRole('menuitem', { name: 'Sign out' }).dispatchEvent('click')
    await page.waitForURL(/\/sign-in/)
  })

  it('signs out, in every tab at once', async () => {
    const page = await stage.signIn(await stage.open())
    const other = await page.context().newPage()
    await other.goto('/account')
    await other.getByLabel('Display name').waitFor()
    // Chromium draws a tab behind others seldom, and a click waits for what it clicks to be drawn.
    await page.bringToFront()
    await page.getByRole('button', { name: /account menu/ }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.waitForURL(/\/sign-in/)
    await other.getByRole('main').getByText('You signed out.').waitFor()
    expect(await other.getByText('Demo engineer').count()).toBe(0)
  })
})

it('has the focus in the first field and draws no ring around its heading, and aligns a title by its direction', async () => {
  const page = await stages.cookies.open('/')
  await page.getByRole('link', { name: 'Sign in' }).first().click()
  await page.getByLabel('E-mail address').waitFor()
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('email')
  const heading = page.getByRole('heading', { level: 1 })
  await page.keyboard.press('Tab')
  await heading.focus()
  expect(await heading.evaluate((it) => getComputedStyle(it).outlineStyle)).toBe('none')
  await heading.evaluate((it) => {
    it.textContent = '\u05e9\u05dc\u05d5\u05dd'
  })
  expect(await heading.evaluate((it) => getComputedStyle(it).direction)).toBe('rtl')
})
