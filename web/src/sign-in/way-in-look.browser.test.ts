/** The pages on the way in and those about it on the account page, where there is little room. */
import { expect, it } from 'vitest'
import { expectToFit, inTheDark } from '../../test/shots.ts'
import { startStage } from '../../test/stage.ts'

const stage = await startStage()

it('the pages on the way in fit where there is little room', async () => {
  const page = await stage.open('/sign-in?returnTo=%2Faccount', inTheDark)
  await page.getByRole('link', { name: 'Sign in with Google' }).waitFor()
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByText('Must be an e-mail address').waitFor()
  expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('email')
  await expectToFit(page, 'sign-in')

  await page.reload()
  await page.getByRole('link', { name: 'Create an account' }).click()
  await page.getByLabel('Username').fill('ada')
  await page.getByLabel('Password', { exact: true }).fill('Abc')
  await page.getByRole('button', { name: 'Show password' }).click()
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByText('Must be an e-mail address').waitFor()
  await page.getByText('An upper-case letter, done.').waitFor()
  await expectToFit(page, 'register')

  await page.reload()
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.getByRole('link', { name: 'Forgot password?' }).click()
  await page.getByRole('button', { name: 'Send the link' }).waitFor()
  expect(page.url()).toContain('returnTo')
  await expectToFit(page, 'forgot')

  await page.goto('/reset-password#token=made-up')
  await page.getByLabel('New password').waitFor()
  expect(page.url()).not.toContain('made-up')
  await expectToFit(page, 'reset')
  await page.reload()
  await page.getByRole('link', { name: 'Ask for a new link' }).waitFor()
  await expectToFit(page, 'reset-no-link')

  await page.goto('/verify-email#token=made-up')
  await page.getByRole('button', { name: 'Confirm this address' }).waitFor()
  expect(page.url()).not.toContain('made-up')
  await expectToFit(page, 'verify')

  await page.goto('/register?returnTo=%2Faccount')
  await page.getByLabel('Username').fill('somebody')
  await page.getByLabel('E-mail address').fill('somebody.with.a.long.name.on.a-phone-in-the-dark@example.org')
  await page.getByLabel('Password', { exact: true }).fill('Basalt-and-9-larches')
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByRole('button', { name: 'Send the mail again' }).waitFor()
  await expectToFit(page, 'unconfirmed')
  await page.reload()
  await page.getByRole('button', { name: 'Not now' }).click()
  await page.getByRole('complementary', { name: 'Status' }).waitFor({ state: 'detached' })
  await page.getByRole('tab', { name: 'Sign-in methods' }).click()
  await page.getByRole('button', { name: 'Change password' }).click()
  await page.getByRole('dialog').getByLabel('New password').fill('Basalt')
  await page.getByRole('dialog').getByRole('button', { name: 'Change password' }).click()
  await page.getByText('Must not be empty').waitFor()
  await expectToFit(page, 'change')
})
