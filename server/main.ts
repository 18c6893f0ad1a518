/** Reads the settings, registers Plinth in a server, listens, and closes with grace. The only file that exits the process. */
import closeWithGrace from 'close-with-grace'
import Fastify, { type FastifyPluginAsync } from 'fastify'
import { destination } from 'pino'
import { plinth, serverOptions } from './app.ts'
import { type Config, ConfigError, readConfig } from './platform/config/config.ts'
import { loadEnvFile } from './platform/config/env-file.ts'
import { FolderInUse, NotADatabaseFolder } from './platform/db/folder-lock.ts'
import { storageFault } from './platform/db/storage-faults.ts'
import { answerError, answerNotFound } from './platform/errors/plugin.ts'
import { builtPage } from './platform/page/plugin.ts'

/** EX_CONFIG and EX_TEMPFAIL of sysexits.h. */
const exitCodes = { config: 78, inUse: 75, failed: 1 }
/** In-flight requests may take this long after SIGTERM; then the process ends anyway. */
const graceMs = 14_000
/**
 * Connections that the kernel holds until the server accepts them, and no more than its net.core.somaxconn (4,096 on Linux). With Node's 511,
 * clients that reconnect together overflow it: their requests are then lost and sent again after seconds, other users' among them.
 */
const backlog = 4096

export async function start(environment: NodeJS.ProcessEnv, page: FastifyPluginAsync = builtPage): Promise<void> {
  const config = configOrExit(environment)
  const { logger, ...options } = serverOptions(config)
  // A request does not wait for its line to be written. What is not yet is written when the process ends, whatever ends it but SIGKILL.
  const app = Fastify({ ...options, logger: { ...(logger as object), stream: destination({ sync: false }) } })
  app.setNotFoundHandler(answerNotFound)
  // Where nothing is, a body can be wrong all the same.
  app.setErrorHandler(answerError)
  let closing = false
  closeWithGrace({ delay: graceMs, logger: app.log }, async ({ signal, err }) => {
    closing = true
    if (err) app.log.fatal({ err }, 'unexpected failure, closing')
    else app.log.info({ signal }, 'closing')
    await app.close()
  })
  try {
    await app.register(plinth, { config, page })
    await app.listen({ host: config.server.host, port: config.server.port, backlog })
  } catch (error) {
    // Told to stop while it started: what fails then fails for that, and the closing ends the process.
    if (closing) return
    const known = startFault(error, config)
    if (known) exit(known.message, known.code)
    app.log.fatal({ err: error }, 'cannot start')
    process.exit(exitCodes.failed)
  }
}

/** What an operator can mend, in words; null for anything else. */
function startFault(error: unknown, { server: { host, port } }: Config): { message: string; code: number } | null {
  if (error instanceof FolderInUse) return { message: error.message, code: exitCodes.inUse }
  if (error instanceof NotADatabaseFolder) return { message: error.message, code: exitCodes.config }
  const message = storageFault(error)
  if (message) return { message, code: exitCodes.config }
  const { code } = error instanceof Error ? (error as NodeJS.ErrnoException) : {}
  switch (code) {
    case 'EADDRINUSE':
      return { message: `Port ${port} on ${host} is in use. Stop what uses it, or set PORT.`, code: exitCodes.inUse }
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return { message: `This machine has no address ${host}. Set HOST to one it has.`, code: exitCodes.config }
    case 'EACCES':
      return {
        message: `Port ${port} may not be opened by this user. Set PORT to one above 1023.`,
        code: exitCodes.config,
      }
    default:
      return null
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
