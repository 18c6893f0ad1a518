/** Prints the most memory that this process had resident, in MiB, while an embedded database was opened and used. */
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import { openPglite } from '../platform/db/pglite-driver.ts'

const driver = openPglite('memory', pino({ level: 'silent' }))
await driver.open()
for (let n = 0; n < 300; n++) await driver.db.execute(sql`select count(*) from pg_class where relname > ${String(n)}`)
// V8 compiles in the background.
await delay(2000)
process.stdout.write(String(Math.round(process.resourceUsage().maxRSS / 1024)))
await driver.close()
