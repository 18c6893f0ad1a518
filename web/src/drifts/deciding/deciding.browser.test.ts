import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { approve, report } from '../../../test/drift-acts.ts'
import { expectToLookRight } from '../../../test/shots.ts'
import { startStage } from '../../../test/stage.ts'

const stage = await startStage({ mock: true, environment: { RATE_LIMIT_SIGNED_IN: '100000' } })

describe('deciding on many drifts', () => {
  const reportMany = async (page: Page, provider: string, count: number) => {
    for (let first = 0; first < count; first += 5)
      await Promise.all(
        Array.from({ length: Math.min(5, count - first) }, (_, index) => {
          const place = first + index
          const resource = { type: 'vm', id: `${provider}-${place}`, provider, region: null }
          const detectedAt = new Date(Date.UTC(2026, 0, 1, 0, 0, 1000 - place)).toISOString()
          return report(page, provider, { resource, detectedAt })
        }),
      )
  }
  const totalOf = async (page: Page, filters: string) => {
    const answer = await page.request.get(new URL(`/api/v1/drifts?limit=1&${filters}`, stage.url).href)
    return (await answer.json()).meta.pagination.total as number
  }

  it('takes an engineer at most two keys a drift: 50 of 499, with undo, and back to the list where they are', async () => {
    const page = await stage.openSignedIn('engineer')
    await reportMany(page, 'fleet', 499)
    await page.goto('/drifts?provider=fleet')
    await page.getByRole('heading', { name: '499 drifts' }).waitFor()
    let keys = 0
    const press = async (key: string) => {
      keys++
      await page.keyboard.press(key)
    }
    const opened = (place: number) => page.getByRole('heading', { level: 1, name: `vm fleet-${place}`, exact: true })
    const focused = () => page.evaluate(() => document.activeElement?.textContent)
    await press('j')
    await expect.poll(focused).toBe('fleet-0')
    await press('Enter')
    for (let place = 0; place < 50; place++) {
      await opened(place).waitFor()
      await page.getByText(`1 of ${499 - place} to decide, fleet`, { exact: true }).waitFor()
      await press('a')
    }
    await opened(50).waitFor()
    expect(keys).toBeLessThanOrEqual(2 * 50)
    await expect.poll(() => totalOf(page, 'provider=fleet&status=approved')).toBe(50)
    await expectToLookRight(page, 'drift of many')
    await page.keyboard.press('Control+z')
    await opened(49).waitFor()
    await page.getByRole('list').getByText('Decision undone').waitFor()
    expect(await totalOf(page, 'provider=fleet&status=approved')).toBe(49)
    await page.keyboard.press('j')
    await opened(50).waitFor()
    await page.keyboard.press('k')
    await opened(49).waitFor()
    await page.goBack()
    await expect.poll(focused).toBe('fleet-49')
    expect(new URL(page.url()).search).toBe('?provider=fleet')
    await expectToLookRight(page, 'drifts after deciding')
  })

  it('approves or rejects together those that are selected by X and Shift, or all that match', async () => {
    const page = await stage.openSignedIn('engineer')
    await reportMany(page, 'herd', 105)
    await page.goto('/drifts?provider=herd')
    await page.getByRole('heading', { name: '105 drifts' }).waitFor()
    const bar = page.getByRole('toolbar', { name: 'Selected drifts' })
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await bar.getByText('1 drift selected').waitFor()
    await page.keyboard.press('Shift+J')
    await page.keyboard.press('Shift+J')
    await bar.getByText('3 drifts selected').waitFor()
    await expectToLookRight(page, 'drifts selected')
    await page.keyboard.press('a')
    await page.getByText('3 drifts approved').first().waitFor()
    await page.getByRole('heading', { name: '102 drifts' }).waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByRole('heading', { name: '105 drifts' }).waitFor()
    await page.getByRole('checkbox', { name: 'Select herd-1', exact: true }).click()
    await page.getByRole('checkbox', { name: 'Select herd-4', exact: true }).click({ modifiers: ['Shift'] })
    await bar.getByText('4 drifts selected').waitFor()
    await page.keyboard.press('Escape')
    await bar.waitFor({ state: 'detached' })
    await page.keyboard.press('x')
    await bar.getByRole('button', { name: 'Select all 105 that match' }).click()
    await bar.getByRole('button', { name: 'Reject 105' }).click()
    await page.getByRole('dialog', { name: 'Reject 105 drifts?' }).getByLabel('Reason').fill('Not ours')
    await page.keyboard.press('Control+Enter')
    await page.getByText('105 drifts rejected').first().waitFor()
    await page.getByRole('heading', { name: '0 drifts' }).waitFor()
    expect(await totalOf(page, 'provider=herd&status=rejected')).toBe(105)
  })

  it('reopens a drift with a reason, which its history shows', async () => {
    const page = await stage.openSignedIn('engineer')
    const { id } = await report(page, 'reopened')
    await page.goto(`/drifts/${id}`)
    await approve(page, 'As planned')
    await page.goto(`/drifts/${id}`)
    await page.getByRole('button', { name: 'Reopen' }).click()
    const dialog = page.getByRole('dialog', { name: 'Reopen “security_group reopened”?' })
    await dialog.getByLabel('Reason').fill('The plan has changed')
    await dialog.getByRole('button', { name: 'Reopen' }).click()
    const entries = page.getByRole('listitem').filter({ hasText: 'by Demo engineer' })
    await entries.getByText('The plan has changed').waitFor()
    expect(await entries.allInnerTexts()).toEqual([
      expect.stringMatching(/^Reopened by Demo engineer.*The plan has changed$/s),
      expect.stringMatching(/^Approved by Demo engineer.*As planned$/s),
    ])
    await page.getByRole('button', { name: 'Approve' }).waitFor()
    await expectToLookRight(page, 'drift reopened')
  })
})
