import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectToFit, expectToLookRight, inTheDark } from '../../../test/shots.ts'
import { type Stage, startStage } from '../../../test/stage.ts'

const stages = {
  cookies: await startStage({ mock: true }),
  jwt: await startStage({ mock: true, environment: { AUTH_SESSION_MODE: 'jwt' } }),
}
const stage = stages.cookies

type Demo = 'admin' | 'engineer' | 'viewer'
const openOn = (stage: Stage, person: Demo, options = {}) =>
  stage.open(`/auth/google?demo=${person}&returnTo=%2Faccount%2Fapi-keys`, options)
const openAs = (person: Demo, options = {}) => openOn(stage, person, options)

const keyRow = (page: Page, name: string) => page.getByRole('main').getByRole('listitem').filter({ hasText: name })
const call = async (key: string, path = '/v1/collab/drafts') =>
  (await fetch(`${stage.url}${path}`, { headers: { authorization: `Bearer ${key}` } })).status

/** From the list: what the dialog shows of the new key. */
async function makeKey(page: Page, name: string, scopes: string[] = ['Read drafts']): Promise<string> {
  await page.getByRole('button', { name: 'New API key' }).click()
  await page.getByLabel('Name', { exact: true }).fill(name)
  for (const scope of scopes) await page.getByRole('checkbox', { name: scope }).check()
  await page.getByRole('button', { name: 'Make key' }).click()
  return page.getByLabel(`Key of “${name}”`).inputValue()
}
const done = async (page: Page) => {
  await page.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
}

describe('API keys', () => {
  it('are made, shown once, used and revoked', async () => {
    const page = await openAs('engineer', { permissions: ['clipboard-read', 'clipboard-write'] })
    await page.getByText('You have no API keys.').waitFor()
    await expectToLookRight(page, 'api keys none')

    await page.getByRole('button', { name: 'New API key' }).click()
    await page.getByRole('button', { name: 'Make key' }).click()
    await page.getByText('Must not be empty').waitFor()
    await page.getByText('Choose at least one').waitFor()
    expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('name')
    // An engineer makes no key for what only admins may.
    expect(await page.getByRole('checkbox', { name: 'Approve and reject drifts' }).count()).toBe(1)
    expect(await page.getByRole('checkbox', { name: 'Read people and their API keys' }).count()).toBe(0)
    const [box, words] = [page.getByRole('checkbox').first(), page.getByText('Read drafts', { exact: true })]
    const [left, right] = [await box.boundingBox(), await words.boundingBox()]
    expect((left?.x ?? 0) + (left?.width ?? 0)).toBeLessThanOrEqual(right?.x ?? 0)
    await expectToLookRight(page, 'api key refused')
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })

    const key = await makeKey(page, 'Nightly report')
    expect(key).toMatch(/^plinth_key_/)
    await page.getByText('The key is shown only this once.').waitFor()
    await expectToLookRight(page, 'api key made')
    await page.getByRole('button', { name: 'Copy key' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(key)
    // A click beside it does not lose it.
    await page.mouse.click(5, 5)
    await page.getByLabel('Key of “Nightly report”').waitFor()
    await done(page)
    expect(await page.content()).not.toContain(key)

    await keyRow(page, 'Nightly report')
      .getByText(/Read drafts · Not used yet · Made on .* · Expires on/)
      .waitFor()
    expect(await call(key)).toBe(200)
    await expect
      .poll(async () => {
        await page.reload()
        return keyRow(page, 'Nightly report').innerText()
      })
      .toMatch(/Last used just now/)
    await page.getByRole('button', { name: 'Revoke Nightly report' }).click()
    const dialog = page.getByRole('dialog', { name: 'Revoke the API key “Nightly report”?' })
    await dialog.getByText(/It was last used just now\. Programs that have it are refused at once\./).waitFor()
    await expectToLookRight(page, 'api key revoke')
    await dialog.getByRole('button', { name: 'Revoke key' }).click()
    await page.getByText('API key revoked').first().waitFor()
    await page.getByText('You have no API keys.').waitFor()
    expect(await call(key)).toBe(401)
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('API keys')
  })

  it('of everybody are seen and revoked by an admin, reached from the person', async () => {
    const theirs = await openAs('viewer')
    const key = await makeKey(theirs, 'Wall display')
    await done(theirs)
    const page = await openAs('admin')
    await makeKey(page, 'Of the admin', ['Read drafts', 'Read people and their API keys'])
    await done(page)
    await page.goto('/admin/people')
    await page.getByRole('button', { name: 'Actions for Demo viewer' }).click()
    await page.getByRole('menuitem', { name: 'API keys' }).click()
    await page.waitForURL(/\/admin\/api-keys\?personId=/)
    await keyRow(page, 'Wall display')
      .getByText(/Demo viewer · Read drafts/)
      .waitFor()
    expect(await keyRow(page, 'Of the admin').count()).toBe(0)
    await expectToLookRight(page, 'api keys of a person')
    await page.getByRole('button', { name: 'Of Demo viewer' }).click()
    await keyRow(page, 'Of the admin')
      .getByText(/Demo admin · Read drafts, Read people and their API keys/)
      .waitFor()
    await keyRow(page, 'Wall display').getByRole('link', { name: 'Its actions' }).waitFor()
    await expectToLookRight(page, 'api keys of everybody')
    await page.getByRole('button', { name: 'Revoke Wall display' }).click()
    await page.getByRole('dialog', { name: 'Revoke the API key “Wall display” of Demo viewer?' }).waitFor()
    await page.getByRole('button', { name: 'Revoke key' }).click()
    await keyRow(page, 'Wall display').waitFor({ state: 'detached' })
    expect(await call(key)).toBe(401)
    await theirs.goto('/admin/api-keys')
    await theirs.getByText('You are not allowed to see this page.').waitFor()
  })

  it('fit where there is little room', async () => {
    const page = await openAs('admin', inTheDark)
    const name = `Report ${'and so on '.repeat(6)}`.slice(0, 60).trim()
    const fillIn = async () => {
      await page.getByRole('button', { name: 'New API key' }).first().click()
      await page.getByLabel('Name', { exact: true }).fill(name)
      for (const box of await page.getByRole('checkbox').all()) await box.check()
    }
    await fillIn()
    await expectToFit(page, 'api key form')
    await page.reload()
    await fillIn()
    await page.getByRole('button', { name: 'Make key' }).click()
    await page.getByLabel(`Key of “${name}”`).waitFor()
    await expectToFit(page, 'api key made')
    await page.reload()
    await keyRow(page, name).waitFor()
    await expectToFit(page, 'api keys')
  })
})

describe.each(['cookies', 'jwt'] as const)('API keys (%s)', (mode) => {
  const stage = stages[mode]

  it('that have expired say so and can be removed; for another one, whoever signed in a while ago does so again', async () => {
    const page = await openOn(stage, 'engineer')
    await makeKey(page, 'Old import')
    await done(page)
    stage.expectFault(/status of 403/)
    await stage.changeDatabase(`
      update sessions set expires_at = now() where key_name = 'Old import';
      update sessions set authenticated_at = now() - interval '1 hour'`)
    await page.reload()
    await keyRow(page, 'Old import').getByText('Expired', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'New API key' }).click()
    await page.getByLabel('Name', { exact: true }).fill('Another')
    await page.getByRole('checkbox', { name: 'Read drafts' }).check()
    await page.getByRole('button', { name: 'Make key' }).click()
    const who = page.getByRole('dialog', { name: 'Confirm that it is you' })
    await who.getByRole('link', { name: 'Sign in with Google' }).waitFor()
    await expectToLookRight(page, 'api key reauthentication')
    await who.getByRole('button', { name: 'Cancel' }).click()
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Another')
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('button', { name: 'Remove Old import' }).click()
    await page.getByRole('button', { name: 'Remove key' }).click()
    await page.getByText('You have no API keys.').waitFor()
  })
})
