/** What a command is: how it is called, and what it does. */
import type { ParseArgsOptionsConfig } from 'node:util'
import type { Config } from '../server/app.ts'
import type { OpenPlinth } from './open-plinth.ts'
import type { Terminal } from './terminal.ts'

export type { Terminal } from './terminal.ts'

/** Of sysexits.h. */
export const exitCodes = { usage: 64, refused: 65, unavailable: 69, failed: 70, config: 78 } as const

/** Ends the command; `message` is for the operator. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly exitCode: number
  constructor(message: string, exitCode: number = exitCodes.refused) {
    super(message)
    this.exitCode = exitCode
  }
}

interface Words {
  readonly terminal: Terminal
  /** As many as the command names. */
  readonly operands: readonly string[]
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>
}

/** Of a command that calls procedures, wherever they run. */
export interface Call extends Words {
  readonly plinth: OpenPlinth
}

/** Of a command that opens what it needs by itself. */
export interface OwnCall extends Words {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Of `--url`. */
  readonly url: string | undefined
}

interface Described {
  /** Without a full stop. */
  readonly summary: string
  /** What `--help` says beside it. */
  readonly details?: string
  readonly operands?: readonly string[]
  readonly options?: ParseArgsOptionsConfig
}

/** In this process where it may own the database, else asked of a server that runs: `run` cannot tell. */
export interface ProcedureCommand extends Described {
  /** Before the database of these settings is opened; not asked where another server decides. @throws Refusal */
  allowed?(config: Config): void
  run(call: Call): Promise<void>
}

/** Looks at this machine, and opens what it needs when it needs it. */
export interface OwnCommand extends Described {
  /** Why it cannot be asked of a server, in a sentence; absent where it can. */
  readonly notByUrl?: string
  /** Returns the exit code. */
  runHere(call: OwnCall): Promise<number>
}

export type Command = ProcedureCommand | OwnCommand

/** Of every command that lists. */
export const listOptions = {
  json: { type: 'boolean' },
  limit: { type: 'string' },
  cursor: { type: 'string' },
} as const satisfies ParseArgsOptionsConfig

/** The page that `listOptions` ask for, as the procedures take it, which also say what is wrong with it. */
export function pageOf({ limit, cursor }: Call['options']) {
  return {
    ...(limit !== undefined && { limit: Number(limit) }),
    ...(cursor !== undefined && { cursor: String(cursor) }),
  }
}
