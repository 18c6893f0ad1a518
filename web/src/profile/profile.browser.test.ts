import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { expectAccessible } from '../../test/axe.ts'
import { expectToFit, inTheDark } from '../../test/shots.ts'
import { startStage } from '../../test/stage.ts'

const stage = await startStage()

const profileOf = (page: Page) =>
  page.evaluate(async () => (await (await fetch('/api/v1/users/profile')).json()).data as Record<string, unknown>)
/** Until the server has stored it. */
const stored = (page: Page, part: Record<string, unknown>) =>
  expect.poll(() => profileOf(page), { timeout: 20_000 }).toMatchObject(part)

it('stores what the user chooses, and shows it after a reload', async () => {
  const page = await stage.openAs('engineer', '/account')
  const zone = page.getByLabel('Your time zone')
  await zone.selectOption('Asia/Tokyo')
  await page.getByRole('button', { name: 'Save time zone' }).click()
  await stored(page, { timezone: 'Asia/Tokyo' })

  const finds = page.getByRole('radiogroup', { name: 'Who finds my profile' })
  expect(await finds.getByRole('radio', { name: 'Friends' }).isChecked()).toBe(true)
  await finds.getByRole('radio', { name: 'Everyone' }).click()
  await stored(page, { privacySettings: { profile: 'everyone', scores: 'group' } })
  await expectAccessible(page)

  await page.reload()
  await zone.waitFor()
  expect(await zone.inputValue()).toBe('Asia/Tokyo')
  expect(await finds.getByRole('radio', { name: 'Everyone' }).isChecked()).toBe(true)
})

it('takes a choice back that was not stored, and says so', async () => {
  const page = await stage.openAs('viewer', '/account')
  const choice = (name: string) =>
    page.getByRole('radiogroup', { name: 'Who finds my profile' }).getByRole('radio', { name })
  await choice('Friends').waitFor()
  stage.expectFault(/ERR_FAILED|ERR_INTERNET_DISCONNECTED/)
  await page.route('**/trpc/account.updateProfile*', (route) => route.abort())
  await choice('Only me').click()
  await page.getByText('Privacy not saved').first().waitFor()
  await expect.poll(() => choice('Friends').isChecked()).toBe(true)
  await page.unroute('**/trpc/account.updateProfile*')
  // By the keyboard, since the message may cover it.
  await choice('Only me').press('Space')
  await stored(page, { privacySettings: { profile: 'nobody' } })
})

it('fits a phone in both themes, and large text', async () => {
  const page = await stage.openAs('admin', '/account', inTheDark)
  await page.getByLabel('Your time zone').waitFor()
  await expectToFit(page, 'profile settings')
})
