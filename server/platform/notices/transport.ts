/** How notices reach the other instances. Any of them may be lost: who hears nothing finds out by looking at the tables. */
import type { DatabaseDriver } from '../db/database.ts'

export interface NoticeTransport {
  /** What one notice may hold, its envelope left aside. */
  readonly maxBytes: number
  /** Resolves when it has been said, or dropped because nobody can be told now. @throws when it may not have been heard */
  tell(notice: string): Promise<void>
  /** Goes on until `close`, whatever happens; `onConnected` runs each time that listening begins (again). */
  listen(onNotice: (notice: string) => void, onConnected: () => void): void
  /** Absent where the database says it. */
  readonly connected?: boolean
  close(): Promise<void>
}

const channel = 'plinth_notices'
/** NOTIFY takes 8,000 bytes. */
const maxBytes = 7000

/** NOTIFY and LISTEN; nobody to tell with an embedded database. */
export function databaseTransport(database: Pick<DatabaseDriver, 'notify' | 'listen'>): NoticeTransport {
  return {
    maxBytes,
    tell: (notice) => database.notify(channel, notice),
    listen: (onNotice, onConnected) => database.listen(channel, onNotice, onConnected),
    // The database's own close ends it.
    async close() {},
  }
}
