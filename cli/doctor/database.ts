/** The database: whether it can be had, what it is, and whether all that Plinth asks of it works. */
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import Fastify from 'fastify'
import type { Config } from '../../server/app.ts'
import { readMailQueue } from '../../server/features/mails/service.ts'
import { type DatabaseDriver, openDatabase } from '../../server/platform/db/database.ts'
import { FolderInUse, NotADatabaseFolder } from '../../server/platform/db/folder-lock.ts'
import { type MigrationState, readMigrations, refuseUnusable } from '../../server/platform/db/migrations.ts'
import { rowsOf } from '../../server/platform/db/rows.ts'
import { readOperatorFile } from '../../server/platform/identity/operator-file.ts'
import { databaseFolder, isYetToBeMade } from '../own-database.ts'
import { openPlinthOfFolder } from '../remote-plinth.ts'
import { type Finding, finding, reasonOf } from './finding.ts'
import { inspectMailQueue } from './mail.ts'

const slowMs = 20
const skewWarningMs = 2_000
const skewFaultMs = 30_000
const testedVersion = 15
/** Of an instance, beside its pool: health, notices, migrations. */
const otherConnections = 3
const noticeWithinMs = 4_000

export async function inspectDatabase(config: Config): Promise<Finding[]> {
  if (databaseFolder(config) === null && config.database.url.startsWith('pglite:')) {
    return [
      finding(
        'database',
        'warning',
        'In memory: all of it is gone when the server stops. Name a folder in DATABASE_URL.',
      ),
    ]
  }
  if (isYetToBeMade(config))
    return [finding('database', 'warning', 'Not there yet: the server makes it when it first starts.')]
  let driver: DatabaseDriver
  try {
    driver = await openDatabase(config.database, Fastify().log)
  } catch (error) {
    return cannotOpen(error, config)
  }
  try {
    await driver.open()
    return await inspectOpen(driver, config)
  } catch (error) {
    return [finding('database', 'fault', unreachable(error))]
  } finally {
    await driver.close()
  }
}

async function cannotOpen(error: unknown, config: Config): Promise<Finding[]> {
  if (error instanceof NotADatabaseFolder) return [finding('database', 'fault', error.message)]
  if (!(error instanceof FolderInUse)) throw error
  const { folder, holder } = error
  try {
    if (readOperatorFile(folder)?.pid === holder.pid) return await askServer(folder, holder.pid, config)
  } catch (why) {
    return [finding('database', 'fault', (why as Error).message)]
  }
  const says = `Process ${holder.pid} has it open, and is no server that listens here: ${holder.program}.`
  return [finding('database', 'warning', says)]
}

/** Ready, it has found and migrated its database. @throws UnsafeOperatorFile, Refusal */
async function askServer(folder: string, pid: number, config: Config): Promise<Finding[]> {
  const plinth = await openPlinthOfFolder(folder)
  try {
    const queue = await plinth.call.mails.queue()
    return [
      finding('database', 'ok', `Embedded, and open in the server (process ${pid}), which is at work.`),
      ...inspectMailQueue(config, queue),
    ]
  } finally {
    await plinth.close()
  }
}

const silent = 'The host of DATABASE_URL does not answer. Check the address and what is in between.'

/** By the codes of Postgres, of postgres.js and of sockets. */
function unreachable(error: unknown): string {
  const reason = reasonOf(error)
  const known: Record<string, string> = {
    ECONNREFUSED: 'Nothing listens at the host and port of DATABASE_URL. Start Postgres, or correct them.',
    ENOTFOUND: 'The host of DATABASE_URL has no address. Correct its name.',
    EAI_AGAIN: 'The name of the host of DATABASE_URL cannot be looked up now. Check the name service.',
    ETIMEDOUT: silent,
    CONNECT_TIMEOUT: silent,
    '28P01': 'Postgres does not take the password in DATABASE_URL.',
    '28000': 'Postgres does not let the user of DATABASE_URL in. Check pg_hba.conf, and that the role may log in.',
    '3D000': 'There is no database of the name in DATABASE_URL. Make one: createdb <name>.',
    '53300': 'Postgres has no connection left. Lower DATABASE_POOL_MAX, or raise its max_connections.',
    '57P03': 'Postgres is just starting. Try again in a moment.',
  }
  return known[reason] ?? `The database cannot be asked (${reason}). Check DATABASE_URL, and the log of the database.`
}

async function inspectOpen(driver: DatabaseDriver, config: Config): Promise<Finding[]> {
  const { db } = driver
  const [about] = rowsOf<{ version: string }>(
    await db.execute(sql`select current_setting('server_version') as version`),
  )
  const took: number[] = []
  let clock = { ms: 0, errorMs: Number.POSITIVE_INFINITY }
  for (let n = 0; n < 5; n++) {
    const [began, beganAt] = [performance.now(), Date.now()]
    const [now] = rowsOf<{ ms: number }>(
      await db.execute(sql`select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`),
    )
    const ms = performance.now() - began
    took.push(ms)
    // The quickest answer tells the time best.
    if (ms / 2 < clock.errorMs) clock = { ms: Number(now?.ms) - (beganAt + ms / 2), errorMs: ms / 2 }
  }
  const roundTripMs = took.toSorted((a, b) => a - b)[2] as number
  const name = driver.kind === 'pglite' ? 'Embedded' : 'Postgres'
  const isOld = Number.parseInt(about?.version ?? '', 10) < testedVersion
  const findings = [
    isOld
      ? finding(
          'database',
          'warning',
          `${name} ${about?.version} is older than ${testedVersion}, the oldest that Plinth is tested with.`,
        )
      : roundTripMs > slowMs
        ? finding(
            'database',
            'warning',
            `${name} ${about?.version} answers in ${roundTripMs.toFixed(1)} ms: put the server nearer to it.`,
          )
        : finding('database', 'ok', `${name} ${about?.version}, answers in ${roundTripMs.toFixed(1)} ms.`),
    inspectClock(driver.kind, clock),
  ]
  const migrations = await readMigrations(db)
  const { pending } = migrations
  findings.push(inspectMigrations(migrations))
  if (driver.kind === 'postgres') findings.push(...(await inspectPostgres(driver, config)))
  if (pending.length === 0) findings.push(...inspectMailQueue(config, await readMailQueue(db)))
  return findings
}

function inspectMigrations(state: MigrationState): Finding {
  try {
    refuseUnusable(state)
  } catch (error) {
    return finding('migrations', 'fault', (error as Error).message)
  }
  const { pending, isAhead } = state
  if (isAhead)
    return finding(
      'migrations',
      'warning',
      'A later release has migrated this database, and declares that this one may go on beside it.',
    )
  if (pending.length === 0) return finding('migrations', 'ok', 'Every one is applied.')
  const says = `Pending: ${pending.join(', ')}. The server applies them when it starts; \`plinth migrate\` does so now.`
  return finding('migrations', 'warning', says)
}

/** Sessions and our own tokens go by the database's clock; those of other issuers by this machine's. */
export function inspectClock(kind: DatabaseDriver['kind'], { ms, errorMs }: { ms: number; errorMs: number }): Finding {
  if (kind === 'pglite') return finding('clock', 'ok', "The database's is this machine's.")
  const apart = Math.abs(ms) - errorMs
  const says = `${(Math.abs(ms) / 1000).toFixed(1)} s ${ms > 0 ? 'behind' : 'ahead of'} the database's`
  if (apart < skewWarningMs) return finding('clock', 'ok', "As the database's.")
  if (apart < skewFaultMs)
    return finding('clock', 'warning', `This machine's is ${says}. Switch time synchronisation on (NTP).`)
  const then = 'tokens of other issuers are refused or taken too long, and sign-in with Google fails'
  return finding('clock', 'fault', `This machine's is ${says}: ${then}. Switch time synchronisation on (NTP).`)
}

async function inspectPostgres(driver: DatabaseDriver, config: Config): Promise<Finding[]> {
  const [found] = rowsOf<{ most: number; used: number; timeout: string }>(
    await driver.db.execute(sql`
      select current_setting('max_connections')::int as most, current_setting('statement_timeout') as timeout,
        (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as used`),
  )
  const { most = 0, used = 0, timeout = '' } = found ?? {}
  const own = config.database.poolMax + otherConnections
  const findings = [
    own > most - used
      ? finding(
          'connections',
          'warning',
          `An instance may take ${own}; of ${most} only ${most - used} are free now. Lower DATABASE_POOL_MAX, or raise max_connections.`,
        )
      : finding('connections', 'ok', `An instance may take ${own}; ${most - used} of ${most} are free now.`),
  ]
  if (!config.database.prepare && timeout === '0') {
    const says =
      "Through a pooler a statement may run for ever: ALTER ROLE … SET statement_timeout = '10s' (README, Deploy)."
    findings.push(finding('time limits', 'warning', says))
  }
  findings.push(await inspectListening(driver, config))
  return findings
}

async function inspectListening(driver: DatabaseDriver, { database }: Config): Promise<Finding> {
  const channel = `plinth_doctor_${randomBytes(6).toString('hex')}`
  const [connected, heard] = [Promise.withResolvers<boolean>(), Promise.withResolvers<boolean>()]
  driver.listen(
    channel,
    () => heard.resolve(true),
    () => connected.resolve(true),
  )
  const inTime = (what: Promise<boolean>) => Promise.race([what, delay(noticeWithinMs, false, { ref: false })])
  const isConnected = await inTime(connected.promise)
  if (isConnected) await driver.notify(channel, 'doctor').catch(() => {})
  if (isConnected && (await inTime(heard.promise))) {
    return finding('notices', 'ok', 'LISTEN and NOTIFY carry news between instances.')
  }
  const then = 'Instances find out by looking, a second or two later.'
  if (!isConnected) {
    const which = database.prepare ? 'DATABASE_URL' : 'DATABASE_DIRECT_URL'
    return finding('notices', 'fault', `No connection that listens by ${which}, where migrations go too. Correct it.`)
  }
  return finding(
    'notices',
    'warning',
    `A NOTIFY is not heard. Behind a transaction pooler, set DATABASE_DIRECT_URL past it. ${then}`,
  )
}
