/** What happens to the tasks of whoever is signed in on a page without that page doing it, as by a program of theirs. */
import type { Page } from 'playwright-core'

type Path = 'create' | 'update' | 'complete' | 'move' | 'delete' | 'restore'

/** Its answer. */
export function callTasks(page: Page, path: Path, input: Record<string, unknown>): Promise<{ id: string }> {
  return page.evaluate(
    async ([path, body]) => {
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(`/trpc/tasks.${path}`, { method: 'POST', headers, body })
      if (!answer.ok) throw new Error(await answer.text())
      return (await answer.json()).result.data
    },
    [path, JSON.stringify(input)] as const,
  )
}

/** They stand in this order, above what is there. */
export async function makeTasks(page: Page, titles: string[], more: Record<string, unknown> = {}): Promise<string[]> {
  const ids: string[] = []
  for (const title of titles.toReversed()) ids.unshift((await callTasks(page, 'create', { title, ...more })).id)
  return ids
}

export async function deleteAllTasks(page: Page) {
  const ids = await page.evaluate(async () => {
    const answer = await fetch(`/trpc/tasks.list?input=${encodeURIComponent(JSON.stringify({ limit: 100 }))}`)
    return ((await answer.json()).result.data.items as { id: string }[]).map(({ id }) => id)
  })
  for (const taskId of ids) await callTasks(page, 'delete', { taskId })
}
