/** The database itself, for what no server can do for a command. */
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import Fastify from 'fastify'
import type { Config } from '../server/app.ts'
import { type DatabaseDriver, openDatabase } from '../server/platform/db/database.ts'
import { FolderInUse } from '../server/platform/db/folder-lock.ts'
import { toAppError } from '../server/platform/errors/app-error.ts'
import { exitCodes, Refusal } from './command.ts'

const answerWithinMs = 10_000

/** Does not name a process to end: in development it is the child of another, and a supervisor would restart it. */
const stopServer =
  'This command needs exclusive access to the embedded database. Stop the server where you started it (Ctrl-C in its terminal, or the\n' +
  'service manager), run the command again, and start the server again.'

/** Open for `task` and closed after it; an embedded one is locked meanwhile. @throws Refusal while another process has it open */
export async function withDatabase<T>(config: Config, task: (driver: DatabaseDriver) => Promise<T>): Promise<T> {
  const driver = await openAlone(config)
  try {
    await untilAnswering(driver)
    return await task(driver)
  } finally {
    await driver.close()
  }
}

/** For a database that may be elsewhere: the folder of an embedded one, null for any other. */
export function databaseFolder({ database }: Config): string | null {
  const [, folder = 'memory'] = /^pglite:\/\/(.+)$/.exec(database.url) ?? []
  return folder === 'memory' ? null : folder
}

/** No database is made by looking whether there is one. */
export const isYetToBeMade = (config: Config): boolean => {
  const folder = databaseFolder(config)
  return folder !== null && !existsSync(folder)
}

async function openAlone({ database }: Config): Promise<DatabaseDriver> {
  try {
    // A session of our own through the whole of it, also where the server goes through a transaction pooler.
    return await openDatabase({ ...database, url: database.directUrl, prepare: true, poolMax: 2 }, Fastify().log)
  } catch (error) {
    if (!(error instanceof FolderInUse)) throw error
    const [inUse] = error.message.split('\n')
    throw new Refusal(`${inUse}\n${stopServer}`, exitCodes.unavailable)
  }
}

/** @throws what it fails with at last, for `explain` */
async function untilAnswering(driver: DatabaseDriver): Promise<void> {
  await driver.open()
  for (const deadline = performance.now() + answerWithinMs; ; await delay(250)) {
    try {
      return await driver.ping()
    } catch (error) {
      if (performance.now() < deadline && toAppError(error).code === 'DATABASE_UNAVAILABLE') continue
      throw new Refusal('The database does not answer. `plinth doctor` says why.', exitCodes.unavailable)
    }
  }
}
