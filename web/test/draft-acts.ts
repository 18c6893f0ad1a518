/** What people do with drafts in the page, for tests that begin with it. */
import type { Page } from 'playwright-core'
import { post, userIdOf } from './stage.ts'

export const field = (page: Page) => page.getByRole('textbox', { name: 'Next segment' })

const drafts = '/v1/collab/drafts'

/** A draft of the page's user, made by requests. `collaborators`: addresses of demo users who have signed in. Returns its path. */
export async function newDraft(page: Page, title: string, ...collaborators: string[]): Promise<string> {
  const { id } = await post<{ id: string }>(page, drafts, { title })
  for (const address of collaborators) {
    await post(page, `${drafts}/${id}/collaborators`, { userId: userIdOf(page, address) })
  }
  return `/drafts/${id}`
}

/** Text of the page's user, who holds the ring, added by a request. */
export const addSegment = (page: Page, path: string, text: string) =>
  post(page, `${drafts}/${path.split('/').at(-1)}/segments`, { text })

/** By its holder, with a request. */
export const passRing = (page: Page, path: string, to: string) =>
  post(page, `${drafts}/${path.split('/').at(-1)}/pass-ring`, { userId: userIdOf(page, to) })

export async function addPerson(page: Page, address: string, name: string) {
  await page.getByRole('button', { name: /\d collaborators?/ }).click()
  await page.getByLabel('Add a collaborator').fill(address)
  await page.getByRole('button', { name: 'Add collaborator' }).click()
  await page.getByRole('dialog').getByText(name).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
}
