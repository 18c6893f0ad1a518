/** How a page looks, checked as far as a machine can. With PLINTH_SHOTS, a picture of it into that folder, for people to see. */
import { join } from 'node:path'
import type { BrowserContextOptions, CDPSession, Page } from 'playwright-core'
import { expect } from 'vitest'
import { expectAccessible } from './axe.ts'

interface Room {
  name: string
  width: number
  height: number
  deviceScaleFactor?: number
  isDark?: boolean
  hasTouch?: boolean
}

/** Where pages have to fit. */
const rooms: Room[] = [
  { name: 'a phone in the dark', width: 360, height: 740, isDark: true },
  { name: 'text at 200 %', width: 640, height: 400, deviceScaleFactor: 2 },
  // The last: Chromium goes back to `hover: hover` only when a page is loaded.
  { name: 'a phone', width: 360, height: 740, hasTouch: true },
]

/** How a browser is made for pages that `expectToFit`: they load where it checks first. */
export const inTheDark: BrowserContextOptions = { viewport: { width: 360, height: 740 }, colorScheme: 'dark' }

/** How a browser is made as a phone from the beginning, for what depends on touch and is not only drawn by it. */
export const onPhone: BrowserContextOptions = { viewport: { width: 360, height: 740 }, hasTouch: true }

const sessions = new WeakMap<Page, CDPSession>()

/**
 * The page looks right in each room, as it is resized from one to the next. Afterwards it is a phone in the dark as before, and
 * has to be loaded anew before it is checked so again.
 */
export async function expectToFit(page: Page, name: string): Promise<void> {
  const session = sessions.get(page) ?? (await page.context().newCDPSession(page))
  sessions.set(page, session)
  for (const room of rooms) {
    await enter(page, session, room)
    await expectToLookRight(page, `${name} on ${room.name}`)
  }
  await session.send('Emulation.setTouchEmulationEnabled', { enabled: false })
  if (rooms[0]) await resize(page, session, rooms[0])
}

async function resize(page: Page, session: CDPSession, { width, height, deviceScaleFactor = 1, isDark = false }: Room) {
  await session.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor, mobile: false })
  await page.emulateMedia({ colorScheme: isDark ? 'dark' : 'light' })
}

async function enter(page: Page, session: CDPSession, room: Room) {
  const { width, height, deviceScaleFactor = 1, isDark = false, hasTouch = false } = room
  if (hasTouch) await session.send('Emulation.setTouchEmulationEnabled', { enabled: true, maxTouchPoints: 1 })
  await resize(page, session, room)
  const state = () =>
    page.evaluate(() => ({
      size: [innerWidth, innerHeight, devicePixelRatio],
      hasHover: matchMedia('(hover: hover)').matches,
      isCoarse: matchMedia('(pointer: coarse)').matches,
      scheme: document.documentElement.dataset.mantineColorScheme,
      changing: document.getAnimations().filter((animation) => animation instanceof CSSTransition).length,
    }))
  const wanted = {
    size: [width, height, deviceScaleFactor],
    hasHover: !hasTouch,
    isCoarse: hasTouch,
    scheme: isDark ? 'dark' : 'light',
    changing: 0,
  }
  await expect.poll(state, { message: room.name }).toEqual(wanted)
}

/** Fits without sideways scrolling, and has no serious finding of the accessibility engine. */
export async function expectToLookRight(page: Page, name: string): Promise<void> {
  const folder = process.env.PLINTH_SHOTS
  if (folder) await page.screenshot({ path: join(folder, `${name.replaceAll(/\W+/g, '-')}.png`), fullPage: true })
  const sideways = () =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  await expect.poll(sideways).toBeLessThanOrEqual(0)
  await expectAccessible(page)
}
