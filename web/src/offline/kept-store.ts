/**
 * What was loaded, in the browser's IndexedDB: of one person at a time, for a week, and no more than so much. Whoever claims it has it to
 * themselves, and what another tab still writes for the person before is dropped. Storage may be forbidden or full; then nothing is kept.
 */
import type { DehydratedState } from '@tanstack/react-query'
import { type DBSchema, type IDBPDatabase, openDB } from 'idb'

export type KeptQuery = DehydratedState['queries'][number]

interface Row {
  queryHash: string
  personId: string
  /** When it was loaded, in milliseconds. */
  at: number
  query: KeptQuery
}

interface Schema extends DBSchema {
  queries: { key: string; value: Row; indexes: { at: number } }
  owner: { key: 'owner'; value: string }
}

/** Another number, and what was kept is forgotten: for when pages need it in another form. */
const form = 2
export const keptForMs = 7 * 24 * 3_600_000
const queriesAtMost = 40
/** The hash of the query that names the user of the others: without it none of them can be shown. */
const sessionHash = '["session"]'
/** As JSON, in UTF-16 units. */
const sizeAtMost = 1_000_000

let opened: Promise<IDBPDatabase<Schema>> | undefined

function open() {
  opened ??= openDB<Schema>('plinth-kept', form, {
    upgrade(database) {
      for (const name of database.objectStoreNames) database.deleteObjectStore(name)
      database.createObjectStore('queries', { keyPath: 'queryHash' }).createIndex('at', 'at')
      database.createObjectStore('owner')
    },
    blocking: (_current, _wanted, event) => {
      ;(event.target as IDBDatabase).close()
      opened = undefined
    },
    terminated: () => {
      opened = undefined
    },
  })
  return opened
}

/** The user and those of their queries that are not too old; null if no user is stored. A busy device may take seconds. */
export async function readKept(): Promise<{ personId: string; queries: KeptQuery[] } | null> {
  try {
    const tx = (await open()).transaction(['queries', 'owner'])
    const [personId, rows] = await Promise.all([
      tx.objectStore('owner').get('owner'),
      tx.objectStore('queries').getAll(),
    ])
    if (!personId) return null
    const isRecent = (row: Row) => row.personId === personId && row.at > Date.now() - keptForMs
    return { personId, queries: rows.filter(isRecent).map(({ query }) => query) }
  } catch {
    return null
  }
}

/** Forgets what is anybody else's. */
export async function claimKept(personId: string): Promise<void> {
  await tryTo(async (database) => {
    const tx = database.transaction(['queries', 'owner'], 'readwrite')
    if ((await tx.objectStore('owner').get('owner')) === personId) return
    await tx.objectStore('queries').clear()
    await tx.objectStore('owner').put(personId, 'owner')
    await tx.done
  })
}

/** Nothing, where it is not that person's. `gone`: by their hashes. The oldest make place. */
export async function writeKept(personId: string, queries: KeptQuery[], gone: string[] = []): Promise<void> {
  const small = queries.filter(({ state }) => sizeOf(state.data) <= sizeAtMost)
  if (small.length + gone.length === 0) return
  await tryTo(async (database) => {
    const tx = database.transaction(['queries', 'owner'], 'readwrite')
    if ((await tx.objectStore('owner').get('owner')) !== personId) return
    const rows = tx.objectStore('queries')
    for (const query of small)
      await rows.put({ queryHash: query.queryHash, personId, at: query.state.dataUpdatedAt, query })
    const byAge = (await rows.index('at').getAllKeys()).filter((hash) => hash !== sessionHash)
    const tooOld = await rows.index('at').getAllKeys(IDBKeyRange.upperBound(Date.now() - keptForMs))
    const surplus = byAge.slice(0, Math.max(0, byAge.length - queriesAtMost))
    for (const hash of new Set([...gone, ...tooOld, ...surplus])) await rows.delete(hash)
    await tx.done
  })
}

export async function forgetKept(): Promise<void> {
  await tryTo(async (database) => {
    const tx = database.transaction(['queries', 'owner'], 'readwrite')
    await Promise.all([tx.objectStore('queries').clear(), tx.objectStore('owner').clear(), tx.done])
  })
}

async function tryTo(write: (database: IDBPDatabase<Schema>) => Promise<void>): Promise<void> {
  try {
    await write(await open())
  } catch {
    // See above: nothing is kept then.
  }
}

const sizeOf = (data: unknown) =>
  JSON.stringify(data, (_key, value) => (value instanceof Map || value instanceof Set ? [...value] : value)).length
