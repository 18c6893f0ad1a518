/** What people do with drafts in the page, for tests that begin with it. */
import type { Page } from 'playwright-core'

export const field = (page: Page) => page.getByRole('textbox', { name: 'Next segment' })

/** Its path. */
export async function newDraft(page: Page, title: string): Promise<string> {
  await page.goto('/drafts')
  await page.getByRole('button', { name: 'New draft' }).click()
  await page.getByLabel('Title').fill(title)
  await page.getByRole('button', { name: 'Create draft' }).click()
  await page.getByRole('heading', { level: 1, name: title }).waitFor()
  return new URL(page.url()).pathname
}

export async function addPerson(page: Page, address: string, name: string) {
  await page.getByRole('button', { name: /\d collaborators?/ }).click()
  await page.getByLabel('Add a collaborator').fill(address)
  await page.getByRole('button', { name: 'Add collaborator' }).click()
  await page.getByRole('dialog').getByText(name).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
}
