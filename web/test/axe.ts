import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Finding {
  id: string
  impact: string | null
  nodes: { target: unknown[]; failureSummary?: string }[]
}

/** No serious finding of the accessibility engine on what the page shows now. */
export async function expectAccessible(page: Page): Promise<void> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) {
    // Into the page's own world past its content security policy, as a browser extension would.
    const session = await page.context().newCDPSession(page)
    await session.send('Runtime.evaluate', { expression: source })
    await session.detach()
  }
  const findings = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<{ violations: Finding[] }> } }
    // The same rules; of those that pass no list is made. Style sheets are loaded again only for an experimental rule.
    return (await axe.run({ resultTypes: ['violations'], preload: { assets: ['media'] } })).violations
  })
  const serious = findings.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  expect(serious.map(({ id, nodes }) => ({ id, where: nodes.map(({ target }) => target) }))).toEqual([])
}
