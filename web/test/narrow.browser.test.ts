/** Every page on the narrowest screen with text twice as large, and by touch. */
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { addSegment, newDraft } from './draft-acts.ts'
import { report } from './drift-acts.ts'
import { onPhone } from './shots.ts'
import { post, startStage } from './stage.ts'
import { makeTasks } from './task-acts.ts'

const stage = await startStage({ mock: true })

const publicPaths = [
  '/',
  '/sign-in',
  '/register',
  '/forgot-password',
  '/reset-password',
  '/verify-email',
  '/drifts',
  '/nowhere',
]
const paths = [
  '/',
  '/drafts',
  '/tasks',
  '/conversations',
  '/conversations/new',
  '/drifts',
  '/drifts/dashboard',
  '/account',
  '/account/devices',
  '/account/sign-in-methods',
  '/account/api-keys',
  '/admin/people',
  '/admin/audit',
  '/admin/api-keys',
  '/nowhere',
]

const long = `A title with a word that has no end: ${'w'.repeat(36)}`

async function filled(page: Page): Promise<string[]> {
  await makeTasks(page, [long])
  const conversation = await post<{ result: { data: { id: string } } }>(page, '/trpc/conversations.create', {
    title: long,
  })
  const drift = await report(page, 'w'.repeat(60))
  const draft = await newDraft(page, long)
  await addSegment(page, draft, long)
  return [draft, `/conversations/${conversation.result.data.id}`, `/drifts/${drift.id}`]
}

/** As the reader's browser is set to, for what is written in `rem` and `em`, media queries too. */
async function enlargeText(page: Page) {
  const session = await page.context().newCDPSession(page)
  await session.send('Page.setFontSizes', { fontSizes: { standard: 32, fixed: 26 } })
}

async function tooWide(page: Page): Promise<unknown[]> {
  return page.evaluate(() => {
    const { clientWidth } = document.documentElement
    const beyond = [...document.querySelectorAll('body *')].filter((it) => {
      const { width, height, right, left } = it.getBoundingClientRect()
      if (
        !it.checkVisibility({ visibilityProperty: true }) ||
        width === 0 ||
        height === 0 ||
        (right <= clientWidth + 1 && left >= -1)
      )
        return false
      for (let around: Element | null = it; around && around !== document.body; around = around.parentElement) {
        const { overflowX, clipPath, position } = getComputedStyle(around)
        if (overflowX !== 'visible' || clipPath !== 'none') return false
        if (position === 'fixed') break
      }
      return true
    })
    const scrolls = document.documentElement.scrollWidth - clientWidth
    return [
      ...(scrolls > 0 ? [scrolls] : []),
      ...beyond.map((it) => `${it.tagName}.${it.className} ${it.textContent?.slice(0, 30)}`),
    ]
  })
}

const shown = (page: Page) => page.getByRole('heading', { level: 1 }).waitFor()

it('has no page wider than 320 px with text at 200 %', async () => {
  const narrow = { viewport: { width: 320, height: 640 } }
  const visitor = await stage.open(undefined, narrow)
  const admin = await stage.openSignedIn('admin', narrow)
  const found: Record<string, unknown[]> = {}
  for (const [page, all] of [
    [visitor, publicPaths],
    [admin, [...paths, ...(await filled(admin))]],
  ] as const) {
    await enlargeText(page)
    for (const path of all) {
      stage.expectFault(/status of 40/)
      await page.goto(path)
      await shown(page)
      await page.waitForLoadState('networkidle')
      expect(await page.evaluate(() => getComputedStyle(document.documentElement).fontSize)).toBe('32px')
      if (process.env.PLINTH_SHOTS)
        await page.screenshot({ path: `${process.env.PLINTH_SHOTS}/narrow${path.replaceAll('/', '-')}.png` })
      const wide = await tooWide(page)
      if (wide.length > 0) found[path] = wide
    }
  }
  expect(found).toEqual({})
  const bar = admin.getByRole('navigation', { name: 'Products' }).getByRole('link')
  const labels = await bar.evaluateAll((links) =>
    links.map((link) => {
      const { left, right } = link.getBoundingClientRect()
      const label = link.querySelector('[data-in="bar"]')?.getBoundingClientRect()
      return label !== undefined && left >= 0 && right <= 320 && label.left >= left && label.right <= right
    }),
  )
  expect(labels).toEqual([true, true, true, true, true])
})

it('has no target smaller than 44 px for a finger', async () => {
  const page = await stage.openSignedIn('admin', onPhone)
  const found: Record<string, unknown[]> = {}
  for (const path of [...paths, ...(await filled(page))]) {
    await page.goto(path)
    await shown(page)
    await page.waitForLoadState('networkidle')
    const small = await page.evaluate(() => {
      const targets = document.querySelectorAll<HTMLElement>(
        'button, input, select, textarea, nav a, [role="tab"], [role="menuitem"]',
      )
      return [...targets].flatMap((it) => {
        const { x, y, width, height } = it.getBoundingClientRect()
        // Hidden, or a field behind a label that is touched for it.
        if (
          getComputedStyle(it).clipPath !== 'none' ||
          width < 2 ||
          height < 2 ||
          it.matches(':disabled') ||
          !it.checkVisibility({ opacityProperty: true, visibilityProperty: true })
        )
          return []
        it.scrollIntoView({ block: 'center' })
        const box = it.getBoundingClientRect()
        const [middle, centre] = [box.x + box.width / 2, box.y + box.height / 2]
        const misses = [-21, 21].filter((by) => {
          const hit = document.elementFromPoint(middle, centre + by)
          return hit === null || !it.contains(hit)
        })
        return misses.length > 0
          ? [
              `${it.tagName} ${it.getAttribute('aria-label') ?? it.textContent} ${Math.round(x)},${Math.round(y)} ${width}x${height}`,
            ]
          : []
      })
    })
    if (small.length > 0) found[path] = small
  }
  expect(found).toEqual({})
})
