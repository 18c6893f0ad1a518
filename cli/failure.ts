/** From how a command ends to a sentence and an exit code. Never a stack, but for what nobody foresaw. */
import { PlinthError } from '../client/errors.ts'
import { ConfigError } from '../server/app.ts'
import { FolderInUse, NotADatabaseFolder } from '../server/platform/db/folder-lock.ts'
import { MigrationsOutOfOrder, SchemaAhead } from '../server/platform/db/migrations.ts'
import { storageFault } from '../server/platform/db/storage-faults.ts'
import { toAppError } from '../server/platform/errors/app-error.ts'
import { UnsafeOperatorFile } from '../server/platform/identity/operator-file.ts'
import { errorTable, type FieldFault } from '../shared/errors.ts'
import { exitCodes, Refusal } from './command.ts'

export function explain(error: unknown): { message: string; exitCode: number } {
  if (error instanceof Refusal) return error
  if (error instanceof ConfigError || error instanceof NotADatabaseFolder || error instanceof UnsafeOperatorFile) {
    return { message: error.message, exitCode: exitCodes.config }
  }
  if (error instanceof SchemaAhead || error instanceof MigrationsOutOfOrder) {
    return { message: error.message, exitCode: exitCodes.refused }
  }
  if (error instanceof FolderInUse) return { message: error.message, exitCode: exitCodes.unavailable }
  if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_'))
    return { message: error.message, exitCode: exitCodes.usage }
  if (error instanceof PlinthError) {
    const { code, message, details, requestId } = error
    const status = code === 'NETWORK_ERROR' ? 503 : errorTable[code].status
    // Nobody here can look into that process, but for its log.
    const where = status === 500 && requestId ? ` Its log has it under request ${requestId}.` : ''
    return { message: inWords(message + where, details), exitCode: exitCodeOf(status) }
  }
  const storage = storageFault(error)
  if (storage) return { message: storage, exitCode: exitCodes.config }
  const { status, body } = toAppError(error)
  if (status === 500) return { message: String(rootOf(error)?.stack), exitCode: exitCodes.failed }
  return { message: inWords(body.message, body.details), exitCode: exitCodeOf(status) }
}

function exitCodeOf(status: number): number {
  if (status === 400) return exitCodes.usage
  if (status === 500) return exitCodes.failed
  return status > 500 ? exitCodes.unavailable : exitCodes.refused
}

const inWords = (message: string, details: readonly FieldFault[] = []) =>
  [message, ...details.map(({ field, message }) => `  ${field}: ${message}`)].join('\n')

/** What wraps a failed query shows its parameters, and so people's data. */
function rootOf(error: unknown): Error | null {
  if (!(error instanceof Error)) return null
  return rootOf(error.cause) ?? error
}
