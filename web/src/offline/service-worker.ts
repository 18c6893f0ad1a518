/**
 * Opens the app without a network: keeps the files of this build, and nothing that a door of the server answers. The page itself is asked of the
 * server each time, and comes from here only where no server answers, so nobody is held in an old version; the files that it
 * names have a hash of their content in their name, so whatever version asks gets its own. The version before stays for the pages that
 * are still open in it.
 */
import { isDoorPath, isFilePath } from '../../../shared/doors.ts'

/** Written in by the build: see vite.config.ts. */
declare const __SHELL__: { version: string; files: string[]; entry: string }
const { version, files, entry } = __SHELL__

interface Lasting extends Event {
  waitUntil(work: Promise<unknown>): void
}
interface Asked extends Lasting {
  request: Request
  respondWith(answer: Promise<Response>): void
}
interface Worker {
  addEventListener(type: 'install' | 'activate', listener: (event: Lasting) => void): void
  addEventListener(type: 'fetch', listener: (event: Asked) => void): void
  skipWaiting(): Promise<void>
  clients: { claim(): Promise<void> }
}
// The types of a page and those of a worker cannot be had in one program.
const worker = self as unknown as Worker

const prefix = 'plinth-shell-'
const cacheName = prefix + version
const page = '/'
/** A network that says nothing is none. */
const answersWithinMs = 8000
/** From what stands before a server that is away. */
const awayStatuses = new Set([502, 503, 504])

worker.addEventListener('install', (event) => {
  event.waitUntil(install().then(() => worker.skipWaiting(), giveUp))
})

worker.addEventListener('activate', (event) => {
  event.waitUntil(dropOld().then(() => worker.clients.claim()))
})

worker.addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== location.origin || isDoorPath(pathname)) return
  if (request.mode === 'navigate') {
    if (!isFilePath(pathname)) event.respondWith(freshOr(page, request))
  } else if (pathname.startsWith('/assets/')) event.respondWith(keptOr(request))
  else if (files.includes(pathname)) event.respondWith(freshOr(pathname, request))
})

/** All or nothing: one file missing, and the version of before goes on. */
async function install(): Promise<void> {
  const cache = await caches.open(cacheName)
  await Promise.all(
    files.map(async (file) => {
      const isHashed = file.startsWith('/assets/')
      const known = isHashed && (await caches.match(file, { ignoreVary: true }))
      await cache.put(file, known || (await get(file, isHashed ? 'default' : 'no-cache')))
    }),
  )
  const answer = await get(page, 'no-cache')
  // While a new version is being rolled out, the page may be another's than these files.
  if (!(await answer.clone().text()).includes(entry)) throw new Error('The page is of another version')
  await cache.put(page, answer)
}

/** Part of a version would be taken for the one before, whose pages may be open. */
async function giveUp(failure: unknown): Promise<never> {
  await dropParts()
  throw failure
}

/** The page is kept last, so a cache without it is not whole: its worker failed, or was ended. */
async function dropParts(): Promise<void> {
  for (const name of await shells()) {
    if (!(await (await caches.open(name)).match(page, { ignoreVary: true }))) await caches.delete(name)
  }
}

const shells = async () => (await caches.keys()).filter((name) => name.startsWith(prefix))

async function get(path: string, cache: RequestCache): Promise<Response> {
  const answer = await fetch(path, { cache, credentials: 'same-origin' })
  if (!answer.ok || answer.redirected) throw new Error(`${path} cannot be kept: ${answer.status}`)
  return answer
}

/** Keeps this version and the one before it: caches are named in the order in which they were made. */
async function dropOld(): Promise<void> {
  await dropParts()
  const others = (await shells()).filter((name) => name !== cacheName)
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)))
}

const inThisVersion = async (path: string) => (await caches.open(cacheName)).match(path, { ignoreVary: true })

async function freshOr(path: string, request: Request): Promise<Response> {
  try {
    const answer = await Promise.race([fetch(request), tooLate()])
    return (awayStatuses.has(answer.status) && (await inThisVersion(path))) || answer
  } catch (failure) {
    const kept = await inThisVersion(path)
    if (kept) return kept
    throw failure
  }
}

const tooLate = () =>
  new Promise<never>((_resolve, reject) => setTimeout(() => reject(new TypeError('No answer')), answersWithinMs))

const keptOr = async (request: Request): Promise<Response> =>
  (await caches.match(request, { ignoreVary: true })) ?? fetch(request)
