/** How a page looks, checked as far as a machine can. With PLINTH_SHOTS, a picture of it into that folder, for people to see. */
import { join } from 'node:path'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { expect } from 'vitest'
import { expectAccessible } from './axe.ts'

/** Where pages have to fit: what it is, and how a browser is made so. */
export const rooms: [string, BrowserContextOptions][] = [
  ['a phone', { viewport: { width: 360, height: 740 }, hasTouch: true }],
  ['a phone in the dark', { viewport: { width: 360, height: 740 }, colorScheme: 'dark' }],
  ['text at 200 %', { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 }],
]

/** Fits without sideways scrolling, and has no serious finding of the accessibility engine. */
export async function expectToLookRight(page: Page, name: string): Promise<void> {
  const folder = process.env.PLINTH_SHOTS
  if (folder) await page.screenshot({ path: join(folder, `${name.replaceAll(/\W+/g, '-')}.png`), fullPage: true })
  const sideways = () =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  await expect.poll(sideways).toBeLessThanOrEqual(0)
  await expectAccessible(page)
}
