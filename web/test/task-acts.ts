/** What happens to the tasks of whoever is signed in on a page without that page doing it, as by a program of theirs. */
import type { Page } from 'playwright-core'
import { post } from './stage.ts'

type Path = 'create' | 'update' | 'complete' | 'move' | 'delete' | 'restore'

/** Its answer. */
export async function callTasks(page: Page, path: Path, input: Record<string, unknown>): Promise<{ id: string }> {
  return (await post<{ result: { data: { id: string } } }>(page, `/trpc/tasks.${path}`, input)).result.data
}

/** They stand in this order, above what is there. */
export async function makeTasks(page: Page, titles: string[], more: Record<string, unknown> = {}): Promise<string[]> {
  const ids: string[] = []
  for (const title of titles.toReversed()) ids.unshift((await callTasks(page, 'create', { title, ...more })).id)
  return ids
}

export async function listTasks(page: Page): Promise<{ id: string }[]> {
  const answer = await page.request.get(`/trpc/tasks.list?input=${encodeURIComponent(JSON.stringify({ limit: 100 }))}`)
  return (await answer.json()).result.data.items
}

export async function deleteAllTasks(page: Page) {
  for (const { id: taskId } of await listTasks(page)) await callTasks(page, 'delete', { taskId })
}
