/** An account by password from its first day on, by cookies where accounts are told of, and by tokens where they are not. */
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { startMailbox } from '../../test/mailbox.ts'
import { expectToLookRight } from '../../test/shots.ts'
import { type Stage, startStage } from '../../test/stage.ts'

const mailbox = await startMailbox()
const stages: Record<'cookies' | 'jwt', Stage> = {
  cookies: await startStage({ environment: { ...mailbox.environment, RATE_LIMIT_SIGN_IN: '5' } }),
  jwt: await startStage({
    environment: { ...mailbox.environment, AUTH_SESSION_MODE: 'jwt', AUTH_HIDE_EXISTENCE: 'true' },
  }),
}

const first = 'Basalt-and-9-larches'
const second = 'Obsidian_4_herons'
const third = 'Marl+7+sandpipers'

const confirmSubject = 'Confirm your e-mail address'

const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('name'))
const notice = (page: Page) => page.getByRole('complementary', { name: 'Status' }).getByText('Confirm your address')

async function register(page: Page, username: string, email: string, password = first) {
  await page.goto('/register')
  await page.getByLabel('Username').fill(username)
  await page.getByLabel('E-mail address').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Create account' }).click()
}

/** On the sign-in page, by the keyboard alone. */
async function enter(page: Page, email: string, password: string) {
  await page.getByLabel('E-mail address').waitFor()
  await page.getByLabel('E-mail address').focus()
  await page.keyboard.type(email)
  await page.keyboard.press('Tab')
  await page.keyboard.type(password)
  await page.keyboard.press('Enter')
}

async function signOut(page: Page) {
  await page.getByRole('button', { name: /account menu/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.waitForURL(/\/sign-in/)
}

/** With the password, where the browser is not signed in as the account. */
async function confirmAddress(page: Page, link: string | null, password?: string) {
  await page.goto(link ?? '')
  await page.getByRole('button', { name: 'Confirm this address' }).waitFor()
  expect(page.url()).toMatch(/\/verify-email$/)
  expect(await page.getByLabel('Password of this account', { exact: true }).count()).toBe(password ? 1 : 0)
  if (password) {
    await page.getByLabel('Password of this account', { exact: true }).fill(`${password}!`)
    await page.keyboard.press('Enter')
    await page.getByText('This is not the password of this account').waitFor()
    expect(await focused(page)).toBe('password')
    await page.getByLabel('Password of this account', { exact: true }).fill(password)
  }
  await page.getByRole('button', { name: 'Confirm this address' }).click()
  await page.getByRole('heading', { name: 'Your address is confirmed' }).waitFor()
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Your address is confirmed')
}

async function setPasswordByMail(page: Page, email: string, password: string) {
  await page.goto('/sign-in')
  await page.getByRole('link', { name: 'Forgot password?' }).click()
  await page.getByRole('button', { name: 'Send the link' }).waitFor()
  await page.getByLabel('E-mail address').fill(email)
  await page.getByRole('button', { name: 'Send the link' }).click()
  await page.getByRole('heading', { name: 'Check your inbox' }).waitFor()
  const { link } = await mailbox.mailTo(email, 'Choose a new password')
  await page.goto(link ?? '')
  await page.getByLabel('New password').fill(password)
  expect(page.url()).toMatch(/\/reset-password$/)
  await page.getByRole('button', { name: 'Set password' }).click()
  await page.getByRole('heading', { name: 'Your new password is set' }).waitFor()
  await page.getByRole('link', { name: 'Sign in' }).click()
}

/** What it takes to come in with a new account, which the stages ask for differently. */
async function comeIn(mode: 'cookies' | 'jwt', page: Page, email: string) {
  if (mode === 'cookies') {
    await page.waitForURL(/\/$/)
    await notice(page).waitFor()
    await expectToLookRight(page, 'registered')
    await page.getByRole('complementary', { name: 'Status' }).getByRole('button', { name: 'Send again' }).click()
    const { link } = await mailbox.mailTo(email, confirmSubject, 2)
    const fromMail = await page.context().newPage()
    await confirmAddress(fromMail, link)
    await fromMail.getByRole('link', { name: 'Go to Plinth' }).waitFor()
    await fromMail.close()
    // As on coming back to the tab.
    await page.evaluate(() => dispatchEvent(new Event('visibilitychange')))
    await notice(page).waitFor({ state: 'detached' })
    return
  }
  await page.getByRole('heading', { name: 'Check your inbox' }).waitFor()
  await expectToLookRight(page, 'look-into-mail')
  const { link } = await mailbox.mailTo(email, confirmSubject)
  await confirmAddress(page, link, first)
  await page.getByRole('link', { name: 'Sign in' }).click()
  await enter(page, email, first)
  await page.getByRole('heading', { level: 2, name: 'Next tasks' }).waitFor()
}

describe.each(['cookies', 'jwt'] as const)('an account by password (%s)', (mode) => {
  const stage = stages[mode]
  const email = `ada-${mode}@example.org`

  it('is made, confirmed, and entered again, and a new password ends what was open', async () => {
    const desk = await stage.open()
    await register(desk, `Ada_${mode}`, email)
    await comeIn(mode, desk, email)
    await desk.reload()
    await desk.getByRole('button', { name: /account menu/ }).waitFor()
    await signOut(desk)

    await desk.goto('/sign-in?returnTo=%2Faccount')
    await enter(desk, email, `${first}!`)
    await desk.getByText('That address and password do not go together').waitFor()
    expect(await focused(desk)).toBe('password')
    await expectToLookRight(desk, 'wrong-password')
    await desk.getByLabel('Password', { exact: true }).fill(first)
    await desk.keyboard.press('Enter')
    await desk.waitForURL(/\/account$/)
    await desk.getByLabel('Display name').waitFor()

    const phone = await stage.open()
    await setPasswordByMail(phone, email, second)
    await desk.getByText('This account was changed, so it was signed out everywhere.').first().waitFor()
    await phone.getByRole('heading', { name: 'Sign in to Plinth' }).waitFor()
    await enter(phone, email, first)
    await phone.getByText('That address and password do not go together').waitFor()
    await phone.getByLabel('Password', { exact: true }).fill(second)
    await phone.keyboard.press('Enter')
    await phone.getByRole('heading', { level: 2, name: 'Next tasks' }).waitFor()

    await desk.getByRole('heading', { name: 'Sign in to Plinth' }).waitFor()
    await enter(desk, email, second)
    await desk.waitForURL(/\/account$/)
    await desk.goto('/account/sign-in-methods')
    await desk.getByRole('button', { name: 'Change password' }).click()
    const dialog = desk.getByRole('dialog', { name: 'Change your password' })
    await dialog.getByLabel('Current password').fill(first)
    await dialog.getByLabel('New password').fill(third)
    await dialog.getByRole('button', { name: 'Change password' }).click()
    await dialog.getByText('This is not your password').waitFor()
    expect(await focused(desk)).toBe('currentPassword')
    await expectToLookRight(desk, 'change-password')
    await dialog.getByLabel('Current password').fill(second)
    await desk.keyboard.press('Enter')
    await desk.getByText('Password changed').first().waitFor()
    await dialog.waitFor({ state: 'detached' })
    await phone.getByText('This account was changed, so it was signed out everywhere.').first().waitFor()
    await desk.reload()
    await desk.getByText('only way to sign in').waitFor()
    expect(mailbox.mailsTo(email).map(({ subject }) => subject)).toContain('Your password was changed')
  })
})

describe('an address that somebody else registered with', () => {
  const stage = stages.cookies
  const email = 'viewer@plinth.local'

  it('is taken back by its owner, who signs in with Google to an account that only they hold', async () => {
    const squatter = await stage.open()
    await register(squatter, 'Squatter', email)
    await notice(squatter).waitFor()
    const owner = await stage.open()
    await owner.goto((await mailbox.mailTo(email, confirmSubject)).link ?? '')
    await owner.getByText('The account Squatter was registered with the address').waitFor()
    await expectToLookRight(owner, 'verify-password')
    await owner.getByRole('button', { name: 'Confirm this address' }).click()
    await owner.getByText('Must not be empty').waitFor()
    await owner.getByRole('button', { name: 'I did not register' }).click()
    await owner.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
    await owner.getByRole('dialog').waitFor({ state: 'detached' })
    await owner.getByRole('button', { name: 'I did not register' }).click()
    await expectToLookRight(owner, 'reclaim')
    await owner.getByRole('dialog').getByRole('button', { name: 'Take it back' }).click()
    await owner.getByRole('heading', { name: 'The address is yours again' }).waitFor()
    await expectToLookRight(owner, 'reclaimed')
    await squatter.getByText('This account was changed, so it was signed out everywhere.').first().waitFor()

    await owner.getByRole('link', { name: 'Sign in' }).click()
    await owner.getByRole('link', { name: 'Sign in with Google' }).click()
    await owner.getByRole('link', { name: 'Demo viewer' }).click()
    await owner.waitForURL(`${stage.url}/`)
    await owner.goto('/account')
    await owner.getByLabel('Display name').waitFor()
    expect(await owner.getByLabel('Display name').inputValue()).toBe('Demo viewer')
    expect(await owner.getByLabel('Username').inputValue()).toBe('')
    await owner.goto('/account/sign-in-methods')
    await owner.getByText('only way to sign in').waitFor()
  })
})

describe.each(['cookies', 'jwt'] as const)('an account taken back by a new password (%s)', (mode) => {
  const stage = stages[mode]
  const email = `owner-${mode}@example.org`

  it('asks its owner for names at the first sign-in, and leads on from there', async () => {
    const squatter = await stage.open()
    await register(squatter, `Squat_${mode}`, email)
    await mailbox.mailTo(email, confirmSubject)
    const owner = await stage.open()
    await setPasswordByMail(owner, email, second)
    await owner.goto('/sign-in?returnTo=%2Fdrafts')
    await enter(owner, email, second)
    await owner.getByRole('heading', { name: 'Choose your names' }).waitFor()
    await expectToLookRight(owner, 'choose-names')
    expect(await owner.getByLabel('Display name').inputValue()).toBe(`owner-${mode}`)
    expect(await owner.getByLabel('Username').inputValue()).toBe('')
    await owner.getByRole('button', { name: 'Not now' }).waitFor()
    await owner.getByLabel('Display name').fill('Olive')
    await owner.keyboard.press('Enter')
    await owner.getByLabel('Username').fill(`Olive_${mode}`)
    await owner.keyboard.press('Enter')
    await owner.getByText('Saved').nth(1).waitFor()
    await owner.getByRole('button', { name: 'Continue' }).click()
    await owner.waitForURL(/\/drafts$/)

    await signOut(owner)
    await owner.goto('/sign-in?returnTo=%2Faccount')
    await enter(owner, email, second)
    await owner.waitForURL(/\/account$/)
    expect(await owner.getByLabel('Username').inputValue()).toBe(`Olive_${mode}`)
  })
})

describe('a sign-in that is a while ago', () => {
  // What people would wait for.
  const makeOld = "update sessions set authenticated_at = now() - interval '11 minutes'"
  const refused = /status of 403/

  it('has to be proven by the password before a sign-in method goes', async () => {
    const stage = stages.cookies
    const page = await stage.openAs('engineer', '/account/sign-in-methods')
    await page.getByRole('button', { name: 'Set a password' }).click()
    const choosing = page.getByRole('dialog', { name: 'Set a password' })
    await choosing.getByLabel('New password').fill('password')
    await choosing.getByRole('button', { name: 'Set password' }).click()
    await choosing.getByText('Needs: an upper-case letter').waitFor()
    await choosing.getByLabel('New password').fill(first)
    await choosing.getByRole('button', { name: 'Set password' }).click()
    await page.getByText('Password set').first().waitFor()
    await page.getByRole('button', { name: 'Remove password' }).waitFor()
    await expectToLookRight(page, 'methods')

    stage.expectFault(refused)
    await stage.changeDatabase(makeOld)
    await page.getByRole('button', { name: /^Unlink Google/ }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Unlink Google' }).click()
    const proving = page.getByRole('dialog', { name: 'Confirm that it is you' })
    await proving.getByLabel('Your password').fill('Something-else-1')
    await page.keyboard.press('Enter')
    await proving.getByText('This is not your password').waitFor()
    await expectToLookRight(page, 'reauthentication')
    await proving.getByLabel('Your password').fill(first)
    await page.keyboard.press('Enter')
    await page.getByText('Sign-in method removed').first().waitFor()
    await page.getByText('only way to sign in').waitFor()
    expect(await page.getByRole('button', { name: /^(Unlink|Remove)/ }).count()).toBe(0)
  })

  it('is made anew by whoever has no password yet, who comes back to set one', async () => {
    const stage = stages.jwt
    const page = await stage.openAs('viewer', '/account/sign-in-methods')
    await page.getByRole('button', { name: 'Set a password' }).waitFor()
    stage.expectFault(refused)
    await stage.changeDatabase(makeOld)
    const setPassword = async () => {
      await page.getByRole('button', { name: 'Set a password' }).click()
      await page.getByRole('dialog').getByLabel('New password').fill(first)
      await page.getByRole('dialog').getByRole('button', { name: 'Set password' }).click()
    }
    await setPassword()
    const proving = page.getByRole('dialog', { name: 'Confirm that it is you' })
    await proving.getByRole('link', { name: 'Sign in with Google' }).click()
    await page.getByRole('link', { name: 'Demo viewer' }).click()
    await page.waitForURL(/\/account\/sign-in-methods$/)
    await setPassword()
    await page.getByText('Password set').first().waitFor()
    await page.getByRole('button', { name: 'Remove password' }).waitFor()
  })
})

describe('a form that is refused', () => {
  const stage = stages.cookies

  it('says at each field what is wrong, and has the focus at the first', async () => {
    stage.expectFault(/status of 4(00|09)/)
    await register(await stage.open(), 'Taken', 'taken@example.org')
    const page = await stage.open()
    await register(page, 'taken', 'other@example.org')
    await page.getByText('Somebody else has this username').waitFor()
    expect(await focused(page)).toBe('username')
    await page.getByLabel('Username').fill('Free')
    await page.getByLabel('E-mail address').fill('Taken@Example.org')
    await page.getByRole('button', { name: 'Create account' }).click()
    await page.getByText('There is an account with this address').waitFor()
    expect(await focused(page)).toBe('email')
    await page.getByLabel('E-mail address').fill('free@example.org')
    await page.getByLabel('Password', { exact: true }).fill('Password1!')
    await page.getByRole('button', { name: 'Create account' }).click()
    await expect.poll(() => focused(page)).toBe('password')
    expect(await page.getByLabel('Password', { exact: true }).getAttribute('aria-invalid')).toBe('true')
  })

  it('has the way on when a link is worth nothing any more', async () => {
    stage.expectFault(/status of 422/)
    const page = await stage.open('/reset-password#token=made-up')
    await page.getByLabel('New password').fill(first)
    await page.getByRole('button', { name: 'Set password' }).click()
    await page.getByRole('heading', { name: 'This link does not work any more' }).waitFor()
    await page.getByRole('link', { name: 'Ask for a new link' }).click()
    await page.getByRole('button', { name: 'Send the link' }).waitFor()
    await page.goto('/verify-email#token=made-up')
    await page.getByRole('heading', { name: 'This link does not work any more' }).waitFor()
  })

  it('keeps what was typed while the server cannot be reached', async () => {
    stage.expectFault(/ERR_INTERNET_DISCONNECTED/)
    const page = await stage.open('/sign-in')
    await page.getByRole('link', { name: 'Sign in with Google' }).waitFor()
    await page.context().setOffline(true)
    await enter(page, 'ada@example.org', first)
    await page.getByRole('alert').getByText('The server cannot be reached').waitFor()
    expect(await page.getByLabel('Password', { exact: true }).inputValue()).toBe(first)
  })

  it('says how long to wait after too many attempts, for nobody’s address as for anybody’s', async () => {
    stage.expectFault(/status of 429/)
    const page = await stage.open('/sign-in')
    await page.getByLabel('E-mail address').fill('nobody@example.org')
    await page.getByLabel('Password', { exact: true }).fill('Wrong-password-1')
    for (let attempt = 0; attempt < 6; attempt++) {
      const answer = page.waitForResponse(/auth\.signIn/)
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await answer
      await expect.poll(() => page.getByRole('button', { name: 'Sign in', exact: true }).isEnabled()).toBe(true)
    }
    await page.getByText(/tried too many times\. Try again in 1[0-5] minutes/).waitFor()
    await expectToLookRight(page, 'too-many-attempts')
  })
})
