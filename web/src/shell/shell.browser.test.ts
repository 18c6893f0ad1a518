import { describe, expect, it } from 'vitest'
import { expectToFit, inTheDark } from '../../test/shots.ts'
import { startStage } from '../../test/stage.ts'

const stage = await startStage({ mock: true })

describe('the shell, with mock sign-in behind the same page', () => {
  it('signs a demo person in by the same button', async () => {
    const page = await stage.open('/sign-in')
    await page.getByRole('link', { name: 'Sign in with Google' }).click()
    await page.waitForURL(`${stage.url}/`)
    const chip = page.getByRole('button', { name: /account menu/ })
    expect(await chip.innerText()).toMatch(/Demo admin[\s\S]*Admin/i)
  })

  it('works by keyboard alone: sign in, rename, sign out', async () => {
    const page = await stage.open('/sign-in')
    await page.getByRole('link', { name: 'Sign in with Google' }).waitFor()
    await tabTo(page, 'Sign in with Google')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: /account menu/ }).waitFor()

    await page.keyboard.press('Control+k')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.type('account')
    await page.keyboard.press('Enter')
    await page.getByLabel('Display name').waitFor()
    await tabTo(page, 'Display name')
    await page.keyboard.press('Control+a')
    await page.keyboard.type('Typed by hand')
    await page.keyboard.press('Enter')
    await page.getByText('Saved', { exact: true }).waitFor()

    // Out of the field, where a question mark is text.
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('?')
    const title = page.getByRole('dialog', { name: /shortcuts/i }).getByRole('heading', { level: 2 })
    await title.waitFor()
    // The styles of the app override those of the library.
    expect(await title.evaluate((element) => getComputedStyle(element).fontWeight)).toBe('650')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })

    await tabTo(page, 'account menu')
    await page.keyboard.press('Enter')
    await page.getByRole('menuitem', { name: 'Sign out' }).waitFor()
    await page.keyboard.press('End')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/sign-in/)
  })

  it('fits where there is little room', async () => {
    const page = await stage.open('/auth/google', inTheDark)
    for (const path of ['/', '/account', '/account/devices', '/account/sign-in-methods', '/nowhere']) {
      await page.goto(path)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await expectToFit(page, `shell at ${path}`)
    }
    await page.reload()
    const bar = page.getByRole('navigation', { name: 'Products' }).getByRole('link')
    expect(await bar.allInnerTexts()).toEqual(['Home', 'Drafts', 'Tasks', 'Chats', 'Drifts'])
    await bar.filter({ hasText: 'Drifts' }).click()
    await page.waitForURL(`${stage.url}/drifts`)
    await page.getByRole('banner').getByRole('button', { name: 'Search and commands' }).click()
    await page.getByRole('combobox', { name: 'Search and commands' }).waitFor()
  })

  it('says what is not there, and leads home', async () => {
    const page = await stage.open('/nowhere')
    await page.getByRole('heading', { level: 1 }).waitFor()
    expect(await page.title()).toMatch(/no page/i)
    await page.getByRole('main').getByRole('link').first().click()
    await page.waitForURL(`${stage.url}/`)
  })
})

async function tabTo(page: Awaited<ReturnType<typeof stage.open>>, name: string) {
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press('Tab')
    const focused = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement | null
      // The focus is nowhere, and the body's text is that of the whole page.
      if (element === document.body) return ''
      const label = element?.id ? document.querySelector(`label[for="${CSS.escape(element.id)}"]`) : null
      return `${element?.innerText ?? ''} ${element?.getAttribute('aria-label') ?? ''} ${label?.textContent ?? ''}`
    })
    if (focused.includes(name)) return
  }
  throw new Error(`${name} cannot be reached with Tab`)
}
