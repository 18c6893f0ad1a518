import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible } from '../../test/axe.ts'
import { report } from '../../test/drift-acts.ts'
import { expectToFit, expectToLookRight, inTheDark } from '../../test/shots.ts'
import { post, type Stage, startStage } from '../../test/stage.ts'

const bridge = {
  AUTH_LEGACY_HEADER: 'on',
  LEGACY_HEADER_TRUSTED_CIDRS: '127.0.0.0/8,::1/128',
  LEGACY_HEADER_SECRET: 'of-the-product-before-and-long-enough-to-be-one',
}
const stages = {
  cookies: await startStage({ mock: true, environment: bridge }),
  jwt: await startStage({ mock: true, environment: { AUTH_SESSION_MODE: 'jwt' } }),
}
const stage = stages.cookies

type Demo = 'admin' | 'engineer' | 'viewer'
const openOn = (stage: Stage, person: Demo, path: string, options = {}) =>
  stage.open(`/auth/google?demo=${person}&returnTo=${encodeURIComponent(path)}`, options)
const openAs = (person: Demo, path: string, options = {}) => openOn(stage, person, path, options)
const rowOf = (page: Page, name: string) => page.getByRole('main').getByRole('listitem').filter({ hasText: name })

async function act(page: Page, name: string, item: string, role: 'menuitem' | 'menuitemradio' = 'menuitem') {
  await page.getByRole('button', { name: `Actions for ${name}` }).click()
  await page.getByRole(role, { name: item, exact: true }).click()
}

describe('the people page', () => {
  it('finds a person, keeps what was looked for in the address, and changes their role once asked', async () => {
    const page = await openAs('admin', '/admin/people')
    await rowOf(page, 'Demo viewer').waitFor()
    await page.getByLabel('Search').fill('ENGINEER@')
    await rowOf(page, 'Demo viewer').waitFor({ state: 'detached' })
    expect(new URL(page.url()).searchParams.get('search')).toBe('ENGINEER@')
    await page.reload()
    expect(await page.getByLabel('Search').inputValue()).toBe('ENGINEER@')
    await rowOf(page, 'engineer@plinth.local').getByText('Engineer', { exact: true }).waitFor()
    expect(await rowOf(page, 'Demo').count()).toBe(1)

    await act(page, 'Demo engineer', 'User', 'menuitemradio')
    const dialog = page.getByRole('dialog', { name: 'Change the role of Demo engineer to User?' })
    await dialog.waitFor()
    await expectAccessible(page)
    await dialog.getByRole('button', { name: 'Change role to User' }).click()
    await page.getByText('Demo engineer now has the role User').first().waitFor()
    await rowOf(page, 'Demo engineer').getByText('User', { exact: true }).waitFor()
    // Back where the hand was.
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Actions for Demo engineer')

    await page.getByRole('combobox', { name: 'Role' }).selectOption('Engineer')
    await page.getByText('No user matches these filters.').waitFor()
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await rowOf(page, 'Demo viewer').waitFor()
    expect(new URL(page.url()).search).toBe('')
    await act(page, 'Demo engineer', 'Engineer', 'menuitemradio')
    await page.getByRole('button', { name: 'Change role to Engineer' }).click()
    await rowOf(page, 'Demo engineer').getByText('Engineer', { exact: true }).waitFor()
  })

  it('tells who still comes by the header of the product before, once somebody does', async () => {
    const page = await openAs('admin', '/admin/people')
    await rowOf(page, 'Demo admin').first().waitFor()
    expect(await page.getByText('Users who still sign in with X-User-Id').count()).toBe(0)
    const headers = { 'x-user-id': 'employee-17', 'x-legacy-secret': bridge.LEGACY_HEADER_SECRET }
    expect((await fetch(`${stage.url}/me`, { headers })).status).toBe(200)
    await page.reload()
    await rowOf(page, 'Id employee-17 · 1 use since').getByText('Still let in').waitFor()
    await expectToLookRight(page, 'legacy-uses')
  })

  it('warns whoever is about to demote or disable themselves, and refuses the last administrator in words', async () => {
    const page = await openAs('admin', '/admin/people')
    await rowOf(page, 'Demo admin').getByText('You', { exact: true }).waitFor()
    stage.expectFault(/status of 409/)
    await act(page, 'Demo admin', 'Viewer', 'menuitemradio')
    const ofRole = page.getByRole('dialog', { name: 'Change your own role to Viewer?' })
    await ofRole.getByText(/you lose these pages at once/).waitFor()
    await ofRole.getByRole('button', { name: 'Change role to Viewer' }).click()
    const refusal = page.getByRole('group', { name: 'The role of Demo admin was not changed' })
    await refusal.getByText('This is the last administrator. Make another user an administrator first.').waitFor()
    await rowOf(page, 'Demo admin').getByText('Admin', { exact: true }).waitFor()
    await expectAccessible(page)
    await refusal.getByRole('button', { name: 'Dismiss' }).click()
    await act(page, 'Demo admin', 'Disable')
    const ofAccount = page.getByRole('dialog', { name: 'Disable your own account?' })
    await ofAccount.getByText(/until another admin enables you/).waitFor()
    await ofAccount.getByRole('button', { name: 'Cancel' }).click()
  })

  it('says of which address nobody knows that it is the person’s: a role is not given for what somebody typed in', async () => {
    const squatter = { username: 'the_boss', email: 'boss@plinth.local', password: 'Basalt-and-9-larches' }
    const answer = await fetch(`${stage.url}/api/v1/auth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(squatter),
    })
    expect(answer.status).toBe(201)
    const page = await openAs('admin', '/admin/people')
    await rowOf(page, 'boss@plinth.local (not confirmed)').waitFor()
    expect(await rowOf(page, 'Demo admin').getByText('not confirmed').count()).toBe(0)
  })
})

describe('the audit log', () => {
  it('shows who did what on whom, with before and after, reached from the person', async () => {
    await stage.openSignedIn('viewer')
    const page = await openAs('admin', '/admin/people')
    for (const role of ['Viewer', 'Engineer']) {
      await act(page, 'Demo engineer', role, 'menuitemradio')
      await page.getByRole('button', { name: `Change role to ${role}` }).click()
      await rowOf(page, 'Demo engineer').getByText(role, { exact: true }).waitFor()
      await page.getByRole('dialog').waitFor({ state: 'detached' })
    }
    await act(page, 'Demo engineer', 'Changes to this user')
    await page.waitForURL(/\/admin\/audit\?target=person/)
    const newest = page.getByRole('main').getByRole('listitem').first()
    await newest.getByText('Demo admin changed a role').click()
    await newest.getByText('On Demo engineer').waitFor()
    const change = newest.getByRole('row', { name: 'role' })
    expect(await change.getByRole('cell').allInnerTexts()).toEqual(['viewer', 'engineer'])
    await newest.getByText('people.changeRole').waitFor()
    await newest.getByRole('button', { name: 'Copy request id' }).waitFor()
    await expectAccessible(page)

    await newest.getByRole('link', { name: 'All actions of this user' }).click()
    await page.waitForURL(/actorId=/)
    await page.getByRole('combobox', { name: 'Action' }).selectOption('Signed in')
    await page.waitForURL(/action=auth\.signIn/)
    await page.getByText('Demo admin signed in').first().waitFor()
    await page.getByText('Demo admin changed a role').first().waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'By Demo admin' }).click()
    await page.getByText('Demo viewer signed in').first().waitFor()
    expect(new URL(page.url()).searchParams.has('actorId')).toBe(false)
  })

  it('is filtered by a user and by days, and names what was changed', async () => {
    const engineer = await stage.openSignedIn('engineer')
    const drift = await report(engineer, 'web-frontend')
    await post(engineer, '/trpc/tasks.create', { title: 'A private matter' })
    const page = await openAs('admin', '/admin/audit')
    const records = page.getByRole('main').getByRole('listitem')
    await records.getByText(`On drift of ${drift.name}`).first().waitFor()
    await records.getByText('On a task').first().waitFor()
    expect(await page.getByText('A private matter').count()).toBe(0)
    const today = await page.evaluate(() => new Intl.DateTimeFormat('sv-SE').format(new Date()))
    expect(await records.first().locator('time').innerText()).toMatch(/\d\d?:\d\d/)

    await page
      .getByRole('combobox', { name: 'By' })
      .or(page.getByRole('searchbox', { name: 'By' }))
      .fill('engineer@plinth.local')
    await page.waitForURL(/actorId=/)
    await page.getByRole('button', { name: 'By Demo engineer' }).waitFor()
    await records.filter({ hasText: 'Demo admin' }).first().waitFor({ state: 'detached' })
    await page.getByLabel('From', { exact: true }).fill(today)
    await page.waitForURL(new RegExp(`from=.*${today}`))
    await records.getByText('Demo engineer reported a drift').first().waitFor()
    await page.getByLabel('From', { exact: true }).fill('')
    await page.getByLabel('To', { exact: true }).fill('2020-01-01')
    await page.getByText('Nothing recorded matches these filters.').waitFor()
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await records.filter({ hasText: 'Demo admin' }).first().waitFor()
    await expectAccessible(page)
  })

  it('is filtered by the user that was typed last, whichever response arrives first', async () => {
    for (const name of ['viewer', 'engineer'] as const) await stage.openSignedIn(name)
    const page = await openAs('admin', '/admin/audit')
    const by = page.getByRole('combobox', { name: 'By' }).or(page.getByRole('searchbox', { name: 'By' }))
    const [asked, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    await page.route(/people\.list.*viewer/, async (route) => {
      asked.resolve()
      await held.promise
      await route.continue()
    })
    await by.fill('viewer@plinth.local')
    await asked.promise
    await by.fill('engineer@plinth.local')
    await page.getByRole('button', { name: 'By Demo engineer' }).waitFor()
    const late = page.waitForResponse(/people\.list.*viewer/)
    held.resolve()
    await (await late).finished()
    // One more round trip of the page, after which the late response has been used if it is at all.
    await page.getByLabel('To', { exact: true }).fill('2020-01-01')
    await page.getByText('Nothing recorded matches these filters.').waitFor()
    expect(await page.getByRole('button', { name: 'By Demo engineer' }).count()).toBe(1)
  })
})

describe('a long log', () => {
  it('comes page by page', async () => {
    const page = await stage.openSignedIn('viewer')
    for (let count = 0; count < 51; count++)
      await post(page, '/trpc/account.updateProfile', { displayName: 'Demo viewer' })
    const admin = await openAs('admin', '/admin/audit?action=account.updateProfile')
    await admin.getByRole('button', { name: 'Show more records' }).waitFor()
    expect(await admin.getByRole('main').getByRole('listitem').count()).toBe(50)
    await admin.getByRole('button', { name: 'Show more records' }).click()
    await admin.getByRole('main').getByRole('listitem').nth(50).waitFor()
    await admin.getByRole('button', { name: 'Show more records' }).waitFor({ state: 'detached' })
    expect(await admin.getByRole('main').getByRole('listitem').count()).toBe(51)
  })
})

describe('both pages', () => {
  it('are offered to whoever may see them, and tell anybody else who may', async () => {
    const admin = await openAs('admin', '/')
    await admin.getByRole('button', { name: /account menu/ }).click()
    await admin.getByRole('menuitem', { name: 'Audit log' }).waitFor()
    await admin.getByRole('menuitem', { name: 'People' }).click()
    await admin.waitForURL(/\/admin\/people/)
    await admin.keyboard.press('Control+k')
    await admin.getByRole('dialog').waitFor()
    await admin.keyboard.type('audit')
    await admin.keyboard.press('Enter')
    await admin.waitForURL(/\/admin\/audit/)

    const engineer = await stage.openSignedIn('engineer')
    for (const path of ['/admin/people', '/admin/audit']) {
      await engineer.goto(path)
      await engineer.getByText('You are not allowed to see this page.').waitFor()
      await engineer.getByText(/people with the role Admin; yours is Engineer/).waitFor()
      await expectAccessible(engineer)
    }
    await engineer.getByRole('button', { name: /account menu/ }).click()
    await engineer.getByRole('menuitem', { name: 'Devices' }).waitFor()
    expect(await engineer.getByRole('menuitem', { name: /People|Audit log/ }).count()).toBe(0)

    const stranger = await stage.open('/admin/people?role=viewer')
    await stranger.waitForURL(/\/sign-in\?returnTo=/)
    await stranger.getByRole('link', { name: 'Sign in with Google' }).click()
    await stranger.waitForURL(/\/admin\/people\?role=viewer/)
    await rowOf(stranger, 'Demo viewer').waitFor()
  })

  it('say what failed and go on from there', async () => {
    const page = await stage.openSignedIn('admin')
    stage.expectFault(/status of 503/)
    let isAway = true
    await page.route(/people\.list|auditLog\.list/, (route) =>
      isAway ? route.fulfill({ status: 503, json: { error: unavailable } }) : route.continue(),
    )
    for (const path of ['/admin/people', '/admin/audit']) {
      isAway = true
      await page.goto(path)
      await page.getByText('Plinth cannot answer right now').waitFor()
      await page.getByText('Details').click()
      await page.getByText('request-of-the-test').waitFor()
      isAway = false
      await page.getByRole('button', { name: 'Try again' }).click()
      await page.getByRole('main').getByRole('listitem').first().waitFor()
    }
  })

  it('fit where there is little room', async () => {
    const page = await openAs('admin', '/admin/people', inTheDark)
    await page.getByRole('button', { name: 'Actions for Demo engineer' }).click()
    await page.getByRole('menuitem', { name: 'Disable' }).waitFor()
    await expectToFit(page, 'people')
    await page.goto('/admin/audit')
    await page.locator('summary').first().click()
    await page.getByRole('button', { name: 'Copy request id' }).waitFor()
    await expectToFit(page, 'audit log')
  })
})

describe('an administrator who signed in a while ago', () => {
  const makeOld = `update sessions set authenticated_at = now() - interval '20 days'`

  it('enters the password, and the role is changed then', async () => {
    const stage = stages.jwt
    const password = 'Basalt-and-9-larches'
    const page = await openOn(stage, 'admin', '/account/sign-in-methods')
    await page.getByRole('button', { name: 'Set a password' }).click()
    await page.getByRole('dialog').getByLabel('New password').fill(password)
    await page.getByRole('dialog').getByRole('button', { name: 'Set password' }).click()
    await page.getByText('Password set').first().waitFor()
    await page.goto('/admin/people')
    await rowOf(page, 'Demo engineer').waitFor()
    stage.expectFault(/status of 40[13]/)
    await stage.changeDatabase(makeOld)
    await act(page, 'Demo engineer', 'User', 'menuitemradio')
    await page.getByRole('button', { name: 'Change role to User' }).click()
    const proving = page.getByRole('dialog', { name: 'Confirm that it is you' })
    await proving.getByText('It is a while since you signed in, and this changes what an account may do.').waitFor()
    expect(await page.getByText('was not changed').count()).toBe(0)
    await page.waitForFunction(() => document.activeElement?.getAttribute('autocomplete') === 'current-password')
    await expectToLookRight(page, 'admin reauthentication')
    await proving.getByRole('button', { name: 'Cancel' }).click()
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Actions for Demo engineer')
    await rowOf(page, 'Demo engineer').getByText('Engineer', { exact: true }).waitFor()

    await act(page, 'Demo engineer', 'User', 'menuitemradio')
    await page.getByRole('button', { name: 'Change role to User' }).click()
    await proving.getByLabel('Your password').fill('Something-else-1')
    await page.keyboard.press('Enter')
    await proving.getByText('This is not your password').waitFor()
    await proving.getByLabel('Your password').fill(password)
    await page.keyboard.press('Enter')
    await page.getByText('Demo engineer now has the role User').first().waitFor()
    await rowOf(page, 'Demo engineer').getByText('User', { exact: true }).waitFor()
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Actions for Demo engineer')
    // Fresh again: not asked a second time.
    await act(page, 'Demo engineer', 'Engineer', 'menuitemradio')
    await page.getByRole('button', { name: 'Change role to Engineer' }).click()
    await rowOf(page, 'Demo engineer').getByText('Engineer', { exact: true }).waitFor()
  })

  it('signs in again where there is no password, comes back to the page, and can do it then', async () => {
    await stage.openSignedIn('viewer')
    const page = await openAs('admin', '/admin/people?search=viewer')
    await rowOf(page, 'Demo viewer').waitFor()
    stage.expectFault(/status of 403/)
    await stage.changeDatabase(makeOld)
    const signOut = async () => {
      await act(page, 'Demo viewer', 'Sign out everywhere')
      await page.getByRole('button', { name: 'Sign out everywhere' }).click()
    }
    await signOut()
    const proving = page.getByRole('dialog', { name: 'Confirm that it is you' })
    await proving.getByRole('link', { name: 'Sign in with Google' }).click()
    await page.waitForURL(/\/admin\/people\?search=viewer$/)
    await rowOf(page, 'Demo viewer').waitFor()
    await signOut()
    await page
      .getByText(/Demo viewer was signed out of/)
      .first()
      .waitFor()
  })

  it('is asked before another person’s API key is revoked', async () => {
    const theirs = await stage.openSignedIn('viewer')
    await post(theirs, '/trpc/apiKeys.create', { name: 'Wall display', scopes: ['draft:read'] })
    const page = await openAs('admin', '/admin/api-keys')
    await rowOf(page, 'Wall display').waitFor()
    stage.expectFault(/status of 403/)
    await stage.changeDatabase(makeOld)
    const revoke = async () => {
      await page.getByRole('button', { name: 'Revoke Wall display' }).click()
      await page.getByRole('button', { name: 'Revoke key' }).click()
    }
    await revoke()
    await page
      .getByRole('dialog', { name: 'Confirm that it is you' })
      .getByRole('link', { name: /Google/ })
      .click()
    await page.waitForURL(/\/admin\/api-keys/)
    await rowOf(page, 'Wall display').waitFor()
    await revoke()
    await rowOf(page, 'Wall display').waitFor({ state: 'detached' })
  })
})

// The last: everything above needs the demo admin to be one.
describe.each(['cookies', 'jwt'] as const)('an administrator (%s)', (mode) => {
  const stage = stages[mode]
  const openAs = (person: Demo, path: string) => openOn(stage, person, path)

  it('disables a person, who is signed out where they are and cannot come back until enabled', async () => {
    const theirs = await openAs('viewer', '/account')
    await theirs.getByLabel('Display name').waitFor()
    const page = await openAs('admin', '/admin/people')
    await act(page, 'Demo viewer', 'Disable')
    const dialog = page.getByRole('dialog', { name: 'Disable Demo viewer?' })
    await dialog.getByText('They are signed out everywhere and cannot sign in.').waitFor()
    await dialog.getByRole('button', { name: 'Disable Demo viewer' }).click()
    await rowOf(page, 'Demo viewer').getByText('Disabled', { exact: true }).waitFor()

    await theirs.getByText('This account was changed, so it was signed out everywhere.').first().waitFor()
    await theirs.getByRole('heading', { name: 'Sign in to Plinth' }).waitFor()
    await theirs.goto('/auth/google?demo=viewer')
    await theirs.getByText('Ask an administrator to enable it.').first().waitFor()

    await page.getByRole('combobox', { name: 'State' }).selectOption('Disabled')
    await page.waitForURL(/active=false/)
    await rowOf(page, 'Demo admin').waitFor({ state: 'detached' })
    await act(page, 'Demo viewer', 'Enable')
    await page.getByRole('button', { name: 'Enable Demo viewer' }).click()
    await page.getByText('Demo viewer can sign in again').first().waitFor()
    await page.getByText('No user matches these filters.').waitFor()
    await theirs.goto('/auth/google?demo=viewer')
    await theirs.getByRole('button', { name: /Demo viewer.*account menu/s }).waitFor()
  })

  it('signs a person out everywhere', async () => {
    const theirs = await openAs('viewer', '/account')
    await theirs.getByLabel('Display name').waitFor()
    const page = await openAs('admin', '/admin/people')
    await act(page, 'Demo viewer', 'Sign out everywhere')
    await page.getByRole('dialog', { name: 'Sign Demo viewer out everywhere?' }).waitFor()
    await page.getByRole('button', { name: 'Sign out everywhere' }).click()
    await page
      .getByText(/Demo viewer was signed out of/)
      .first()
      .waitFor()
    await theirs.getByRole('heading', { name: 'Sign in to Plinth' }).waitFor()
  })

  it('who gives the role away sees at once that the page is closed to them', async () => {
    const page = await openAs('admin', '/admin/people')
    await act(page, 'Demo engineer', 'Admin', 'menuitemradio')
    await page.getByText('An admin can change roles, disable people and read the audit log.').waitFor()
    await page.getByRole('button', { name: 'Change role to Admin' }).click()
    await rowOf(page, 'Demo engineer').getByText('Admin', { exact: true }).waitFor()
    await act(page, 'Demo admin', 'User', 'menuitemradio')
    await page.getByRole('button', { name: 'Change role to User' }).click()
    await page.getByText(/people with the role Admin; yours is User/).waitFor()

    const other = await openAs('engineer', '/admin/people')
    await act(other, 'Demo admin', 'Admin', 'menuitemradio')
    await other.getByRole('button', { name: 'Change role to Admin' }).click()
    await other.getByText('Demo admin now has the role Admin').first().waitFor()
    await act(other, 'Demo engineer', 'Engineer', 'menuitemradio')
    await other.getByRole('button', { name: 'Change role to Engineer' }).click()
    await other.getByText(/yours is Engineer/).waitFor()
  })
})

const unavailable = {
  message: 'Plinth cannot reach its database right now. Please try again shortly.',
  code: -32603,
  data: { code: 'DATABASE_UNAVAILABLE', httpStatus: 503, requestId: 'request-of-the-test', details: [] },
}

describe('what is done to a person', () => {
  it('names them by their unique username too', async () => {
    await post(await openAs('viewer', '/'), '/trpc/account.updateProfile', { username: 'vera' })
    const page = await openAs('admin', '/admin/people')
    await rowOf(page, 'Demo viewer').getByText('@vera', { exact: true }).waitFor()
    await act(page, 'Demo viewer', 'Disable')
    await page.getByRole('dialog', { name: 'Disable Demo viewer (@vera)?' }).waitFor()
    await expectAccessible(page)
  })
})
