/** What the tables hold after a run, read by a connection that has had no part in it. */
import { join } from 'node:path'
import { asc } from 'drizzle-orm'
import Fastify from 'fastify'
import { draftCollaborators, draftSegments, drafts } from '../../features/drafts/table.ts'
import { packageFolder } from '../../platform/config/package-folder.ts'
import type { DatabaseDriver } from '../../platform/db/database.ts'
import { openPglite } from '../../platform/db/pglite-driver.ts'
import { openPostgres } from '../../platform/db/postgres-driver.ts'
import { channels, events } from '../../platform/live/table.ts'
import type { Stored } from './checker.ts'
import type { Stage } from './stage.ts'

/** With the servers ended: the embedded database is one process's at a time. */
export async function readStored({ postgres, databaseFolder }: Stage): Promise<Stored> {
  const { log } = Fastify()
  const url = postgres?.url() ?? ''
  const driver: DatabaseDriver = postgres
    ? openPostgres({ url, directUrl: url, prepare: true, poolMax: 1, waitMs: 2_000 }, log)
    : openPglite(databaseFolder, log)
  try {
    await driver.migrate(join(packageFolder, 'migrations'), new AbortController().signal)
    const { db } = driver
    const rows = await db.select().from(events).orderBy(asc(events.channel), asc(events.seq))
    return {
      drafts: await db.select().from(drafts),
      channels: await db.select().from(channels),
      events: rows.map(({ createdAt, ...row }) => ({
        ...row,
        payload: row.payload as Record<string, unknown>,
        at: createdAt,
      })),
      collaborators: await db.select().from(draftCollaborators),
      segments: await db.select().from(draftSegments),
    }
  } finally {
    await driver.close()
  }
}
