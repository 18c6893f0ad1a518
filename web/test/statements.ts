/** Preloaded into the built server of a stage: runs SQL that the test sends, on the database that only the server can have open. */
import { PGlite, type PGliteOptions } from '@electric-sql/pglite'

let opened: Promise<PGlite> | undefined
const create = PGlite.create.bind(PGlite) as (options?: PGliteOptions) => Promise<PGlite>
const creating = (options?: PGliteOptions) => {
  opened = create(options)
  return opened
}
PGlite.create = creating as typeof PGlite.create

process.on('message', async ({ statement }: { statement: string }) => {
  try {
    await (await opened)?.exec(statement)
    process.send?.(opened ? '' : 'no database is open')
  } catch (error) {
    process.send?.(String(error))
  }
})
// Nothing to stay alive for.
process.channel?.unref()
