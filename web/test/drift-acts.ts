/** What detectors and users do with drifts, for tests that begin with it. */
import type { Page } from 'playwright-core'
import { post } from './stage.ts'

interface Reported {
  id: string
  name: string
}

let reported = 0

/** A drift of a resource called `name`, as a detector of the page's person reports it. */
export async function report(page: Page, name: string, change: Record<string, unknown> = {}): Promise<Reported> {
  const { data } = await post<{ data: { id: string } }>(page, '/api/v1/drifts', {
    externalId: `test/${name}/${reported++}`,
    resource: { type: 'security_group', id: name, provider: 'aws', region: 'eu-central-1' },
    severity: 'medium',
    expected: { ingress: ['443/tcp'], tags: { team: 'web' } },
    actual: { ingress: ['443/tcp', '22/tcp'], tags: { team: 'web' } },
    ...change,
  })
  return { id: data.id, name }
}

export const driftRow = (page: Page, name: string) =>
  page.getByRole('table', { name: 'Drifts' }).getByRole('row').filter({ hasText: name })

/** By the buttons of the drift's own page, which goes on to the next drift. */
export async function approve(page: Page, reason = '') {
  if (reason) {
    await page.getByRole('button', { name: 'Add a reason' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Reason').fill(reason)
    await dialog.getByRole('button', { name: 'Approve' }).click()
  } else await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByRole('button', { name: 'Undo' }).waitFor()
}

export async function reject(page: Page, reason: string) {
  await page.getByRole('button', { name: 'Reject' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Reason').fill(reason)
  await dialog.getByRole('button', { name: 'Reject' }).click()
}
