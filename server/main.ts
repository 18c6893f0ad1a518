/** Reads the settings, registers Plinth in a server, listens, and closes with grace. The only file that exits the process. */
import closeWithGrace from 'close-with-grace'
import Fastify, { type FastifyPluginAsync } from 'fastify'
import { plinth, serverOptions } from './app.ts'
import { type Config, ConfigError, readConfig } from './platform/config/config.ts'
import { loadEnvFile } from './platform/config/env-file.ts'
import { FolderInUse } from './platform/db/folder-lock.ts'
import { answerNotFound } from './platform/errors/plugin.ts'
import { builtPage } from './platform/page/plugin.ts'

/** EX_CONFIG and EX_TEMPFAIL of sysexits.h. */
const exitCodes = { config: 78, inUse: 75, failed: 1 }
/** In-flight requests may take this long after SIGTERM; then the process ends anyway. */
const graceMs = 14_000

export async function start(environment: NodeJS.ProcessEnv, page: FastifyPluginAsync = builtPage): Promise<void> {
  const config = configOrExit(environment)
  const app = Fastify(serverOptions(config))
  app.setNotFoundHandler(answerNotFound)
  closeWithGrace({ delay: graceMs, logger: app.log }, async ({ signal, err }) => {
    if (err) app.log.fatal({ err }, 'unexpected failure, closing')
    else app.log.info({ signal }, 'closing')
    await app.close()
  })
  try {
    await app.register(plinth, { config, page })
    await app.listen({ host: config.server.host, port: config.server.port })
  } catch (error) {
    if (error instanceof FolderInUse) exit(error.message, exitCodes.inUse)
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      exit(
        `Port ${config.server.port} on ${config.server.host} is in use. Stop what uses it, or set PORT.`,
        exitCodes.inUse,
      )
    }
    app.log.fatal({ err: error }, 'cannot start')
    process.exit(exitCodes.failed)
  }
}

function configOrExit(environment: NodeJS.ProcessEnv): Config {
  try {
    return readConfig(environment)
  } catch (error) {
    if (error instanceof ConfigError) exit(error.message, exitCodes.config)
    throw error
  }
}

/** For what an operator can mend: a sentence on stderr, not a stack in the log. */
function exit(message: string, code: number): never {
  process.stderr.write(`${message}\n`)
  process.exit(code)
}

/** As a program of its own, with `.env` when there is one. */
export async function run(): Promise<void> {
  loadEnvFile()
  await start(process.env)
}

if (import.meta.main) await run()
