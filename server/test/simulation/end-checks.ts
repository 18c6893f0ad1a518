/** When everything has settled: compares what is stored with what was requested, and what pages show with what is stored. */
import type { Browser } from './browser.ts'
import type { Run } from './run.ts'

export interface Written {
  channel: string
  browser: Browser
  isAcknowledged: boolean
}

export function checkEnd({ postgres, checks, plan, pages, written }: Run, wasSetBack: boolean): void {
  const { tables } = postgres
  for (const { page } of pages) {
    if (page) page.shown.compare(new Set(tables.thingsOf(page.plan.channel).map(({ id }) => id)))
  }
  for (const [id, { browser, isAcknowledged }] of written) {
    if (tables.things.has(id) || postgres.undone.has(id)) continue
    if (isAcknowledged) checks.report('lost', `${id} was acknowledged and is not stored`)
    else if (browser.orders.has(id)) checks.report('lost', `${id} was written down and never sent`)
  }
  for (const channel of plan.channels) {
    const ids = (tables.events.get(channel) ?? []).flatMap(
      ({ payload }) => (JSON.parse(payload) as { id?: string }).id ?? [],
    )
    if (new Set(ids).size < ids.length) checks.report('doubled', `${channel}: a thing has two events`)
    if (!wasSetBack && !plan.steps.some(({ kind }) => kind === 'disk full')) checkOrder(channel, ids)
  }

  /** Of one browser, the order in which its changes were stored in the outbox. */
  function checkOrder(channel: string, ids: string[]) {
    const latest = new Map<Browser, number>()
    for (const id of ids) {
      const browser = written.get(id)?.browser
      const order = browser?.orders.get(id)
      if (!browser || order === undefined) continue
      if (order < (latest.get(browser) ?? 0))
        checks.report('reordered', `${channel}: ${id} was written down before what is stored before it`)
      latest.set(browser, order)
    }
  }
}
