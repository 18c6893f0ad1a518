/**
 * Folders whose embedded database stays open in this process: a driver that opens one is given the open instance, and its close leaves
 * it open. The lock beside the folder is taken and released as ever. It spares each command half a second of a core.
 */
import { PGlite, type PGliteOptions } from '@electric-sql/pglite'
import { vi } from 'vitest'
import { atEnd } from './at-end.ts'

interface OpenDatabase {
  instance: PGlite
  close(): Promise<void>
}
const openFolders = new Map<string, Promise<OpenDatabase> | null>()

/** From its first opening until the end of the test or the file. */
export function keepOpen(folder: string): void {
  openFolders.set(folder, null)
  if (!vi.isMockFunction(PGlite.create)) {
    const create = PGlite.create.bind(PGlite) as (options: PGliteOptions) => Promise<PGlite>
    vi.spyOn(PGlite, 'create').mockImplementation((async (options: PGliteOptions) => {
      const { dataDir = '' } = options
      if (!openFolders.has(dataDir)) return create(options)
      const opening = openFolders.get(dataDir) ?? create(options).then(thatStaysOpen)
      openFolders.set(dataDir, opening)
      return (await opening).instance
    }) as typeof PGlite.create)
  }
  atEnd(async () => {
    const opened = await openFolders.get(folder)
    openFolders.delete(folder)
    await opened?.close()
  })
}

function thatStaysOpen(instance: PGlite): OpenDatabase {
  const close = instance.close.bind(instance)
  instance.close = async () => {}
  return { instance, close }
}
