/** Has the browser keep the files of the app, once the page has all that it needs itself. Not in development, where files change by the minute. */
const path = '/service-worker.js'
/** A page may be open for weeks; the browser itself looks when one is opened. */
const lookEveryMs = 3_600_000

export function registerServiceWorker(): void {
  // Absent on plain-http pages off this machine.
  const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined
  if (!workers) return
  if (import.meta.env.DEV) return void forget(workers)
  addEventListener('load', () => void register(workers))
}

/** Without one, the app is as good as ever while there is a network. */
async function register(workers: ServiceWorkerContainer): Promise<void> {
  try {
    const registration = await workers.register(path, { updateViaCache: 'none' })
    setInterval(() => void registration.update().catch(() => {}), lookEveryMs)
  } catch {}
}

/** One of a built app that ran at this address before. */
async function forget(workers: ServiceWorkerContainer): Promise<void> {
  for (const registration of await workers.getRegistrations()) await registration.unregister()
}
