/** What a visit has to fetch, read from the manifest of the built app. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root, startStage } from './stage.ts'

interface Chunk {
  name?: string
  file: string
  imports?: string[]
  dynamicImports?: string[]
}

const built = join(root, 'dist/web')
const manifest: Record<string, Chunk> = JSON.parse(readFileSync(join(built, '.vite/manifest.json'), 'utf8'))

const chunkOf = (name: string) => manifest[name] ?? expect.unreachable(`${name} is not in the manifest`)

/** The scripts that have to be there before the first of `names` runs. */
function scriptsOf(names: string[], found = new Set<string>()): Set<string> {
  for (const name of names) {
    const { file, imports = [] } = chunkOf(name)
    if (found.has(file)) continue
    found.add(file)
    scriptsOf(imports, found)
  }
  return found
}

const sizeOf = (files: Iterable<string>) =>
  [...files].reduce((sum, file) => sum + statSync(join(built, `${file}.gz`)).size, 0)

const shell = Object.keys(manifest).find((key) => manifest[key]?.name === 'app') ?? ''

/** What the shell fetches for a signed-in user on every page. */
const signedIn = [
  'src/alerts/alert-bell.tsx',
  'src/shell/profile-menu.tsx',
  'src/toasts/toaster.tsx',
  'src/conversations/sending/ask-after-sending.ts',
]
/** Pages within another page. */
const frames: Record<string, string> = {
  account: 'src/account/account-page.tsx',
  conversations: 'src/conversations/conversations-page.tsx',
}

const pages = Object.keys(manifest).filter((name) => /-(page|tab)\.tsx$/.test(name))

describe('the built app', () => {
  it('has a shell of at most 200 kB of script, compressed with gzip', () => {
    expect(sizeOf(scriptsOf([shell]))).toBeLessThanOrEqual(200_000)
  })

  it('fetches at most 12 scripts for any page', () => {
    expect(pages.length).toBeGreaterThan(15)
    for (const page of pages) {
      const frame = frames[page.split('/')[1] ?? '']
      const scripts = scriptsOf([shell, ...signedIn, ...(frame ? [frame] : []), page])
      expect(scripts.size, page).toBeLessThanOrEqual(12)
    }
  })
})

const stage = await startStage({ mock: true })

describe('the page before its script has run', () => {
  it.for([
    ['light', 1280],
    ['dark', 390],
  ] as const)(
    'shows header, navigation and a skeleton where the app shows them: %s, %i px',
    async ([colorScheme, width]) => {
      const options = { colorScheme, viewport: { width, height: 800 } }
      const page = await stage.open(undefined, options)
      // Only the page's own script waits; what chooses the colours runs.
      let release = () => {}
      const released = new Promise<void>((resolve) => {
        release = resolve
      })
      await page.route(/\/assets\/app-.*\.js$/, async (route) => {
        await released
        await route.continue()
      })
      await page.goto('/', { waitUntil: 'commit' })
      const look = () =>
        page.evaluate(() => {
          const visible = [...document.querySelectorAll('header:not(main *), nav, nav a, main')].filter(
            (it) => it.clientWidth > 0,
          )
          return visible.map((it) => {
            const { x, y, width, height } = it.getBoundingClientRect()
            const { backgroundColor, color, fontFamily, fontSize } = getComputedStyle(it)
            // The link to the page in sight is marked once it is known which that is, and the page has a height once it is there.
            const colours = it.matches('[href="/"]') ? [] : [backgroundColor, color]
            return [it.tagName, x, y, width, ...(it.matches('main') ? [] : [height]), fontFamily, fontSize, ...colours]
          })
        })
      await page.locator('#first-paint nav a').first().waitFor()
      // Nothing is painted before the style sheet is there, but it can be asked for.
      await expect.poll(() => page.evaluate(() => getComputedStyle(document.body).margin)).toBe('0px')
      const before = await look()
      expect(before.length).toBeGreaterThan(6)
      release()
      await page.getByRole('heading', { level: 1 }).waitFor()
      await expect.poll(look).toEqual(before)
    },
  )

  it('shows no navigation on a page of signing in', async () => {
    const page = await stage.open(undefined)
    await page.route(/\/assets\/app-.*\.js$/, () => {})
    await page.goto('/sign-in', { waitUntil: 'commit' })
    await page.locator('#first-paint header').waitFor()
    expect(await page.locator('#first-paint nav').isVisible()).toBe(false)
    await page.unrouteAll({ behavior: 'ignoreErrors' })
  })
})
