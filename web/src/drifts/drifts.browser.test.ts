import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { approve, driftRow, reject, report } from '../../test/drift-acts.ts'
import { expectToFit, expectToLookRight, inTheDark, onPhone } from '../../test/shots.ts'
import { post, startStage } from '../../test/stage.ts'

const stage = await startStage({ mock: true })
const closedStage = await startStage({ mock: true, environment: { PUBLIC_READS: 'false' } })

type Demo = 'admin' | 'engineer' | 'viewer'
const openAs = (person: Demo, path: string, options = {}) =>
  stage.open(`/auth/google?demo=${person}&returnTo=${encodeURIComponent(path)}`, options)

const fact = (page: Page, name: string) =>
  page.locator('dl > div', { has: page.getByText(name, { exact: true }) }).locator('dd')
const bell = (page: Page) => page.getByRole('button', { name: /^Alerts/ })
const drawer = (page: Page) => page.getByRole('dialog', { name: 'Alerts' })

describe('drift review', () => {
  it('says what it is for while there is nothing, and shows the first drift by itself', async () => {
    const page = await openAs('admin', '/')
    await page.getByRole('link', { name: 'Drifts', exact: true }).first().click()
    await page.getByText('No drift has been reported.').waitFor()
    await expectToLookRight(page, 'drifts empty')
    await page.getByRole('tab', { name: 'Dashboard' }).click()
    await page.getByText('No drift has been reported.').waitFor()
    await page.getByRole('link', { name: 'Make a key for a detector' }).click()
    const dialog = page.getByRole('dialog', { name: 'New API key' })
    // To resolve what it finds no more, a detector has to see what is open.
    for (const name of ['Report drifts', 'Read drifts and alerts'])
      expect(await dialog.getByRole('checkbox', { name }).isChecked(), name).toBe(true)
    expect(await dialog.getByRole('checkbox', { checked: true }).count()).toBe(2)
    await expectToLookRight(page, 'detector key')
    await dialog.getByRole('button', { name: 'Make key' }).click()
    const key = await page.getByLabel('Key of “Drift detector”').inputValue()
    await page.getByRole('button', { name: 'Done' }).click()
    await page.goto('/drifts')
    await page.getByText('No drift has been reported.').waitFor()
    const answer = await fetch(new URL('/api/v1/drifts', stage.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        externalId: 'by key',
        resource: { type: 'bucket', id: 'first-of-all', provider: 'gcp', region: null },
        severity: 'low',
        expected: { public: false },
        actual: { public: true },
      }),
    })
    expect(answer.status).toBe(201)
    await driftRow(page, 'first-of-all').waitFor()
    await page.getByRole('heading', { name: '1 drift' }).waitFor()
    // Where the first row is, and under the pointer while it is pressed.
    await report(page, 'second-of-all')
    await page.getByRole('button', { name: '1 new' }).click()
    await driftRow(page, 'second-of-all').waitFor()
  })

  it('keeps its filters in the address, over a reload and for whoever gets the link', async () => {
    const page = await stage.openSignedIn('engineer')
    await report(page, 'filter-aws-high', { severity: 'high' })
    await report(page, 'filter-aws-low', { severity: 'low' })
    const resource = { type: 'disk', id: 'filter-azure-high', provider: 'azure', region: null }
    await report(page, 'filter-azure', { severity: 'high', resource })
    await page.goto('/drifts')
    await driftRow(page, 'filter-azure-high').waitFor()
    await page.getByLabel('Severity').selectOption('High')
    await page.getByLabel('Provider').selectOption('azure')
    await page.getByLabel('Order').selectOption('Most severe first')
    await page.getByLabel('Resource', { exact: true }).fill('filter high')
    await page.waitForURL(/search=filter/)
    const found = async (on: Page) => {
      await driftRow(on, 'filter-azure-high').waitFor()
      await expect.poll(() => driftRow(on, 'filter-').count()).toBe(1)
    }
    await found(page)
    const address = new URL(page.url())
    expect(Object.fromEntries(address.searchParams)).toEqual({
      severity: 'high',
      provider: 'azure',
      sort: 'severity',
      search: 'filter high',
    })
    await page.reload()
    await found(page)
    expect(await page.getByLabel('Provider').inputValue()).toBe('azure')
    expect(await page.getByLabel('Resource', { exact: true }).inputValue()).toBe('filter high')
    await found(await stage.open(address.pathname + address.search))
    await page.getByLabel('Severity').selectOption('Low')
    await page.getByText('No drift matches these filters.').waitFor()
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await driftRow(page, 'filter-aws-low').waitFor()
  })

  it('shows each of two engineers what the other decides, at once and in its place', async () => {
    const mira = await stage.openSignedIn('engineer')
    await report(mira, 'pair-one')
    const { id } = await report(mira, 'pair-two')
    await mira.goto('/drifts?status=pending')
    const ada = await openAs('admin', '/drifts?status=pending')
    await driftRow(ada, 'pair-one').waitFor()
    await driftRow(mira, 'pair-one').getByRole('link').focus()
    await mira.keyboard.press('r')
    await mira.getByRole('dialog', { name: 'Reject “security_group pair-one”?' }).waitFor()
    await mira.getByRole('button', { name: 'Reject' }).click()
    await mira.getByText('Say why').waitFor()
    await mira.getByLabel('Reason').fill('Closed by the audit')
    await mira.keyboard.press('Control+Enter')
    for (const page of [mira, ada]) await driftRow(page, 'pair-one').getByText('Rejected', { exact: true }).waitFor()
    await ada.getByRole('status').getByText('Demo engineer rejected a drift.').waitFor({ state: 'attached' })
    await ada.goto(`/drifts/${id}`)
    await ada.getByRole('heading', { level: 1, name: 'security_group pair-two' }).waitFor()
    await driftRow(mira, 'pair-two').getByRole('link').focus()
    await mira.keyboard.press('a')
    await expect.poll(() => fact(ada, 'By').innerText()).toBe('Demo engineer')
    expect(await fact(ada, 'Reason').innerText()).toBe('None was given')
    expect(await ada.getByRole('button', { name: 'Approve' }).count()).toBe(0)
  })

  it('tells whoever is second how the first one decided, and records nothing of theirs', async () => {
    const mira = await stage.openSignedIn('engineer')
    const ada = await stage.openSignedIn('admin')
    stage.expectFault(/status of 409|ERR_FAILED|WebSocket/)
    const { id } = await report(mira, 'raced')
    // No news reaches this page: it believes that nobody has decided.
    await ada.routeWebSocket(/\/trpc/, () => {})
    await ada.route(/drifts\.(onEvent|events)/, (route) => route.abort())
    await ada.goto(`/drifts/${id}`)
    await mira.goto(`/drifts/${id}`)
    await ada.getByRole('button', { name: 'Reject' }).waitFor()
    await approve(mira, 'As planned')
    await mira.goto(`/drifts/${id}`)
    await expect.poll(() => fact(mira, 'Reason').innerText()).toBe('As planned')
    await reject(ada, 'Not planned at all')
    const note = ada.getByRole('alert').filter({ hasText: 'Already decided' })
    await note.getByText(/Demo engineer approved this drift .+ Your decision was not recorded\./).waitFor()
    await note.getByText('Your reason was: “Not planned at all”').waitFor()
    expect(await fact(ada, 'Reason').innerText()).toBe('As planned')
    await expectToLookRight(ada, 'drift already decided')
    await note.getByRole('button', { name: 'Dismiss' }).click()
    await note.waitFor({ state: 'detached' })
  })

  it('looks pending until the server has answered, and keeps what was refused to try again', async () => {
    const page = await stage.openSignedIn('engineer')
    const { id } = await report(page, 'refused')
    stage.expectFault(/status of 429/)
    let release = () => {}
    const asked = new Promise<void>((resolve) => {
      release = resolve
    })
    let isRefused = true
    await page.route(/drifts\.reject/, async (route) => {
      await asked
      if (!isRefused) return route.continue()
      const data = { code: 'RATE_LIMITED', httpStatus: 429, retryAfterS: 4 }
      await route.fulfill({ status: 429, json: { error: { code: -32029, message: 'Too often.', data } } })
    })
    await page.goto(`/drifts/${id}`)
    await reject(page, 'Has to go')
    await page.getByText('Rejecting…').waitFor()
    expect(await page.getByRole('button', { name: 'Approve' }).isDisabled()).toBe(true)
    release()
    const note = page.getByRole('alert').filter({ hasText: 'The drift was not rejected' })
    await note.getByText('That was too often. Try again in 4 seconds.').waitFor()
    await expectToLookRight(page, 'drift refused')
    isRefused = false
    await note.getByRole('button', { name: 'Try again' }).click()
    await note.waitFor({ state: 'detached' })
    await page.goto(`/drifts/${id}`)
    await expect.poll(() => fact(page, 'Reason').innerText()).toBe('Has to go')
  })

  it('refuses decisions offline, and to whoever may not decide, in words', async () => {
    const page = await stage.openSignedIn('engineer')
    const { id } = await report(page, 'offline')
    await page.goto('/drifts')
    await driftRow(page, 'offline').getByRole('link').focus()
    stage.expectFault(/ERR_INTERNET_DISCONNECTED|WebSocket|Failed to load/)
    await page.context().setOffline(true)
    await page.getByText('You are offline. What was loaded stays readable').first().waitFor()
    await page.keyboard.press('a')
    await page.getByText('Decide once you are back online').first().waitFor()
    await page.context().setOffline(false)
    const viewer = await openAs('viewer', `/drifts/${id}`)
    await viewer.getByText('People with the role Engineer or Admin decide on drifts; yours is Viewer.').waitFor()
    expect(await viewer.getByRole('button', { name: 'Approve' }).isDisabled()).toBe(true)
    await viewer.keyboard.press('a')
    expect(await viewer.getByRole('dialog').count()).toBe(0)
    await expectToLookRight(viewer, 'drift as a viewer')
  })

  it('is read by anybody, without names and values, and leads to sign-in and back', async () => {
    const mira = await stage.openSignedIn('engineer')
    const { id } = await report(mira, 'in-public', {
      expected: { password: 'old-secret', size: 31415, note: 'plain-before' },
      actual: { password: 'new-secret', size: 27182, zones: ['plain-after'] },
    })
    await mira.goto(`/drifts/${id}`)
    await mira.getByText('"[hidden 2]"').waitFor()
    await mira.getByText('27182').waitFor()
    await approve(mira, 'Between us')
    await mira.goto(`/drifts/${id}`)
    await expect.poll(() => fact(mira, 'Reason').innerText()).toBe('Between us')
    await report(mira, 'in-public-first')
    const visitor = await stage.open('/drifts')
    await visitor.getByRole('table', { name: 'Drifts' }).waitFor()
    await expectToLookRight(visitor, 'drifts signed out')
    await report(mira, 'in-public-later')
    await visitor.getByRole('button', { name: 'Refresh' }).click()
    await driftRow(visitor, 'in-public-later').waitFor()
    await visitor.getByRole('tab', { name: 'Decided' }).click()
    await driftRow(visitor, 'in-public').getByText('Approved').waitFor()
    await driftRow(visitor, 'in-public').getByRole('link').click()
    await visitor.getByText('Sign in to see who decided, and why.').waitFor()
    const diff = visitor.getByRole('table', { name: 'What differs' })
    const cells = (row: string) => diff.getByRole('row', { name: row }).getByRole('cell').allInnerTexts()
    expect(await cells('Changed size')).toEqual(['Number', 'Number'])
    expect(await cells('Changed password')).toEqual(['Text', 'Text'])
    expect(await cells('Removed note')).toEqual(['Text', 'Not there'])
    expect(await cells('Added zones')).toEqual(['Not there', 'List'])
    await visitor.getByText('1 added, 1 removed, 2 changed.').waitFor()
    await expectToLookRight(visitor, 'drift signed out')
    const shown = await visitor.locator('body').innerText()
    const values = ['31415', '27182', 'plain-before', 'plain-after', 'hidden']
    for (const secret of ['new-secret', 'old-secret', ...values, 'Between us', 'Demo engineer'])
      expect(shown).not.toContain(secret)
    await visitor.getByRole('link', { name: 'sign in to see more' }).click()
    await visitor.getByRole('link', { name: 'Sign in with Google' }).click()
    // With the tab that the drift was opened from.
    await visitor.waitForURL(`${stage.url}/drifts/${id}?status=decided`)
    await expect.poll(() => fact(visitor, 'Reason').innerText()).toBe('Between us')
    await visitor.getByText('27182').waitFor()
  })

  it('reveals a hidden value to an engineer who asks by keyboard, until the page is left, and to nobody else', async () => {
    const mira = await stage.openSignedIn('engineer')
    const url = (secret: string) => `postgres://app:${secret}@db/app`
    const { id } = await report(mira, 'hidden-values', {
      expected: { env: [{ name: 'DB_PASSWORD', value: 'old-secret' }], url: url('same-secret') },
      actual: {
        env: [
          { name: 'LEVEL', value: 'info' },
          { name: 'DB_PASSWORD', value: 'new-secret' },
        ],
        url: url('same-secret'),
        added: { deep: [{ token: 'deep-secret' }] },
      },
    })
    await mira.goto(`/drifts/${id}`)
    await mira.getByText('Select Reveal below one to see it; the audit log records that.').waitFor()
    expect(await mira.locator('body').innerText()).not.toContain('-secret')
    await mira.getByRole('button', { name: 'Reveal env[1].value, actual' }).focus()
    await mira.keyboard.press('Enter')
    await mira.getByText('"new-secret"').waitFor()
    await mira.keyboard.press('Enter')
    await mira.getByText('"new-secret"').waitFor({ state: 'detached' })
    await mira.keyboard.press('Space')
    await mira.getByText('"new-secret"').waitFor()
    await mira.getByRole('button', { name: 'Reveal added.deep[0].token, actual' }).click()
    await mira.getByText('"deep-secret"').waitFor()
    await mira.getByRole('button', { name: '1 unchanged: url' }).click()
    await mira.getByRole('button', { name: 'Reveal url, actual' }).click()
    await mira.getByText(url('same-secret')).waitFor()
    await expectToLookRight(mira, 'drift with revealed values')
    const kept = await mira.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state]))
    expect(kept).not.toContain('-secret')
    await mira.getByRole('link', { name: 'All drifts' }).click()
    await driftRow(mira, 'hidden-values').getByRole('link').click()
    await mira.getByRole('button', { name: 'Reveal env[1].value, actual' }).waitFor()
    expect(await mira.locator('body').innerText()).not.toContain('-secret')

    const viewer = await openAs('viewer', `/drifts/${id}`)
    await viewer.getByText('Engineers and admins can reveal them.').waitFor()
    expect(await viewer.getByRole('button', { name: /^Reveal/ }).count()).toBe(0)
    expect(await viewer.locator('body').innerText()).not.toContain('-secret')
    const narrow = await openAs('engineer', `/drifts/${id}`, onPhone)
    await narrow.getByRole('button', { name: 'Reveal env[1].value, actual' }).click()
    await narrow.getByText('"new-secret"').waitFor()
    await expectToLookRight(narrow, 'drift with revealed values on a phone')
  })

  it('reveals the value of the side and item that is pointed at, where items have moved', async () => {
    const page = await stage.openSignedIn('engineer')
    const item = (token: string, size: number) => ({ token, size })
    const { id } = await report(page, 'moved-values', {
      expected: { in: [1, 2, item('third-expected', 3)] },
      actual: { in: [2, item('second-actual', 3)] },
    })
    await page.goto(`/drifts/${id}`)
    await page.getByRole('button', { name: 'Reveal in[2].token, expected' }).click()
    await page.getByText('"third-expected"').waitFor()
    await page.getByRole('button', { name: 'Reveal in[1].token, actual' }).click()
    await page.getByText('"second-actual"').waitFor()
  })

  it('shows what differs path by path, and folds what does not', async () => {
    const page = await stage.openSignedIn('engineer')
    const long = 'arn:aws:iam::123456789012:role/'.repeat(12)
    const { id } = await report(page, 'different', {
      severity: 'critical',
      expected: {
        name: 'web',
        size: 3,
        policy: { role: long },
        rules: [{ port: 443 }, { port: 80 }],
        gone: true,
        zone: 'a',
      },
      actual: {
        name: 'web',
        size: 5,
        policy: { role: `${long}x` },
        rules: [{ port: 22 }, { port: 443 }, { port: 80 }],
        zone: 'a',
      },
    })
    await page.goto(`/drifts/${id}`)
    const diff = page.getByRole('table', { name: 'What differs' })
    const row = (name: string) => diff.getByRole('row', { name })
    await page.getByText('1 added, 1 removed, 2 changed.').waitFor()
    expect(await row('Changed size').getByRole('cell').allInnerTexts()).toEqual(['3', '5'])
    expect(await row('Added rules[0]').getByRole('cell').last().innerText()).toContain('"port": 22')
    expect(await row('Removed gone').getByRole('cell').allInnerTexts()).toEqual(['true', 'Not there'])
    expect(await diff.getByText('"web"').count()).toBe(0)
    await diff.getByRole('button', { name: '1 unchanged: name' }).click()
    await diff.getByText('"web"').waitFor()
    await expectToLookRight(page, 'drift diff')
    await page.setViewportSize({ width: 360, height: 740 })
    await page.reload()
    await page.getByText('1 added, 1 removed, 2 changed.').waitFor()
    await expectToLookRight(page, 'drift diff on a phone')
  })

  it('counts alerts, announces the critical, and marks them read on all devices of the person alone', async () => {
    const [desk, phone] = [await openAs('viewer', '/'), await openAs('viewer', '/', onPhone)]
    const mira = await openAs('engineer', '/')
    await bell(desk).click()
    await drawer(desk).getByRole('button', { name: 'Mark all as read' }).click()
    for (const page of [desk, phone]) await expect.poll(() => bell(page).getAttribute('aria-label')).toBe('Alerts')
    await report(mira, 'on-fire', { severity: 'critical' })
    await report(mira, 'smoking', { severity: 'high' })
    await report(mira, 'nothing-to-see', { severity: 'low' })
    for (const page of [desk, phone])
      await expect.poll(() => bell(page).getAttribute('aria-label')).toBe('Alerts, 2 unread')
    await phone
      .getByRole('status')
      .getByText('New alert. Critical drift of security_group on-fire.')
      .waitFor({ state: 'attached' })
    await drawer(desk).getByRole('button', { name: '2 new' }).click()
    await expectToLookRight(desk, 'alerts')
    await drawer(desk).getByRole('link', { name: 'Critical drift of security_group on-fire' }).click()
    await desk.getByRole('heading', { level: 1, name: 'security_group on-fire' }).waitFor()
    for (const page of [desk, phone])
      await expect.poll(() => bell(page).getAttribute('aria-label')).toBe('Alerts, 1 unread')
    await bell(phone).click()
    await drawer(phone).getByText('Critical drift of security_group on-fire').waitFor()
    await expectToLookRight(phone, 'alerts on a phone')
    await drawer(phone).getByRole('button', { name: 'Mark all as read' }).click()
    await expect.poll(() => bell(desk).getAttribute('aria-label')).toBe('Alerts')
    expect(await bell(mira).getAttribute('aria-label')).toMatch(/unread/)
  })

  it('moves an alert to those that are settled, on the pages of every user, once its drift is decided', async () => {
    const [mira, ada] = [await openAs('engineer', '/'), await openAs('admin', '/')]
    const { id } = await report(mira, 'leaking', { severity: 'critical' })
    const group = (name: string) => drawer(ada).getByRole('region', { name })
    const title = 'Critical drift of security_group leaking'
    await bell(ada).click()
    await group('To decide').getByText(title).waitFor()
    const before = await bell(ada).getAttribute('aria-label')
    await post(mira, `/api/v1/drifts/${id}/approve`, {})
    await group('Decided or resolved').getByText(title).waitFor()
    expect(await group('To decide').getByText(title).count()).toBe(0)
    await expect.poll(() => bell(ada).getAttribute('aria-label')).not.toBe(before)
    await expectToLookRight(ada, 'settled alerts')
  })

  it('sums up what there is, and follows', async () => {
    const page = await openAs('engineer', '/drifts/dashboard')
    const pending = page.getByRole('table', { name: 'Pending by severity' })
    const critical = pending.getByRole('row', { name: /Critical/ }).getByRole('link')
    const before = Number(await critical.innerText())
    await report(page, 'for-the-figures', { severity: 'critical' })
    await expect.poll(async () => Number(await critical.innerText())).toBe(before + 1)
    await page.getByText('Day by day').click()
    await page.getByRole('table', { name: 'Day by day' }).waitFor()
    await expectToLookRight(page, 'dashboard')
    await critical.click()
    await driftRow(page, 'for-the-figures').waitFor()
    expect(new URL(page.url()).search).toBe('?status=pending&severity=critical')
  })

  it('says what is not there', async () => {
    const page = await stage.open('/drifts/01990000-0000-7000-8000-000000000000')
    stage.expectFault(/status of 404/)
    await page.getByRole('heading', { name: 'This drift is not here' }).waitFor()
    await expectToLookRight(page, 'drift not here')
  })

  it('fits where there is little room', async () => {
    const page = await stage.openSignedIn('engineer', inTheDark)
    const { id } = await report(page, `a-rather-long-name-of-a-resource/${'with-parts/'.repeat(8)}`, {
      severity: 'critical',
    })
    for (const [name, path, ready] of [
      ['drifts', '/drifts', () => driftRow(page, 'a-rather-long-name').first().waitFor()],
      ['drift', `/drifts/${id}`, () => page.getByText('1 added.').waitFor()],
      ['dashboard', '/drifts/dashboard', () => page.getByRole('table', { name: 'By status' }).waitFor()],
    ] as const) {
      await page.goto(path)
      await ready()
      await expectToFit(page, name)
    }
  })

  it('goes through many by keys, loads more as it goes, and holds new ones back until asked', async () => {
    const page = await stage.openSignedIn('engineer')
    const many = (place: number) => ({
      resource: { type: 'vm', id: `many-${place}`, provider: 'many', region: null },
      detectedAt: new Date(Date.UTC(2026, 0, 1, 0, 0, 300 - place)).toISOString(),
    })
    for (let first = 0; first < 240; first += 20)
      await Promise.all(Array.from({ length: 20 }, (_, place) => report(page, 'many', many(first + place))))
    await page.goto('/drifts?provider=many')
    await page.getByRole('heading', { name: '240 drifts' }).waitFor()
    expect(await page.getByRole('table', { name: 'Drifts' }).getAttribute('aria-rowcount')).toBe('241')
    expect(await page.getByRole('row').count()).toBeLessThan(60)
    const focused = () => page.evaluate(() => document.activeElement?.textContent)
    await page.keyboard.press('j')
    await expect.poll(focused).toBe('many-0')
    await page.keyboard.press('j')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('k')
    await expect.poll(focused).toBe('many-1')
    await report(page, 'many', many(-5))
    await report(page, 'many', many(-6))
    await page.getByRole('heading', { name: '242 drifts' }).waitFor()
    expect(await driftRow(page, 'many--').count()).toBe(0)
    expect(await focused()).toBe('many-1')
    await expectToLookRight(page, 'drifts with new ones')
    const heightOf = () => page.evaluate(() => document.documentElement.scrollHeight)
    const isLastShown = async () => (await driftRow(page, 'many-239').count()) > 0
    for (let step = 0; step < 12 && !(await isLastShown()); step++) {
      const height = await heightOf()
      await page.evaluate(() => scrollTo({ top: document.documentElement.scrollHeight }))
      await expect.poll(async () => (await isLastShown()) || (await heightOf()) > height).toBe(true)
    }
    await driftRow(page, 'many-239').waitFor()
    await page.getByRole('button', { name: '2 new' }).click()
    await expect.poll(focused).toBe('many--6')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'vm many--6' }).waitFor()
    await page.goBack()
    await driftRow(page, 'many--6').waitFor()
  })
})

describe('drift review where reads are not public', () => {
  it('leads visitors to sign in, and back', async () => {
    const page = await closedStage.open('/drifts?severity=high')
    await page.waitForURL(/\/sign-in\?returnTo=/)
    await page.getByRole('link', { name: 'Sign in with Google' }).click()
    await page.waitForURL(`${closedStage.url}/drifts?severity=high`)
    await page.getByText('No drift matches these filters.').waitFor()
  })
})
