/**
 * One at a time over all tabs of a browser. A tab that ends, however, gives the lock free. Where there are no Web Locks, what
 * runs alone elsewhere runs at once: it has to be right then too, and may only be slower or asked for twice.
 */
export async function alone<T>(name: string, task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  // Absent on plain-http pages off this machine and in older browsers.
  const locks = globalThis.navigator?.locks as LockManager | undefined
  if (!locks) return task()
  let begun = false
  try {
    return await locks.request(name, signal ? { signal } : {}, () => {
      begun = true
      return task()
    })
  } catch (error) {
    // A page may be without storage, and then without locks.
    if (begun || signal?.aborted) throw error
    return task()
  }
}
