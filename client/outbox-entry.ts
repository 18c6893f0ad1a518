/** What stands in an outbox, typed by the router: each entry is a call of a mutation that is yet to be made. */
import type { AnyProcedure, inferProcedureInput, inferProcedureOutput } from '@trpc/server'
import type { AppRouter } from '../server/router.ts'
import type { FieldFault } from '../shared/errors.ts'
import type { NamesWhatItMakes } from '../shared/offline.ts'
import type { PlinthErrorCode } from './errors.ts'

type Procedures = AppRouter['_def']['record']

type PathsIn<Node, Prefix extends string = ''> = {
  [Key in keyof Node & string]: Node[Key] extends AnyProcedure
    ? Node[Key]['_def']['type'] extends 'mutation'
      ? `${Prefix}${Key}`
      : never
    : PathsIn<Node[Key], `${Prefix}${Key}.`>
}[keyof Node & string]

/** Of any mutation of the server. */
export type MutationPath = PathsIn<Procedures>

type At<Node, Path extends string> = Path extends `${infer Key}.${infer Rest}`
  ? Key extends keyof Node
    ? At<Node[Key], Rest>
    : never
  : Path extends keyof Node
    ? Node[Path]
    : never

type Procedure<Path extends string> = Extract<At<Procedures, Path>, AnyProcedure>

/** What the server takes, but for the name of what it makes: an entry that may be sent twice has to have one. */
export type QueuedInput<Path extends string> = Path extends keyof NamesWhatItMakes
  ? Extract<inferProcedureInput<Procedure<Path>>, object> & Record<NamesWhatItMakes[Path], string>
  : inferProcedureInput<Procedure<Path>>
export type AnswerOf<Path extends string> = inferProcedureOutput<Procedure<Path>>

/** Why the server will not do it. */
export interface Refusal {
  code: PlinthErrorCode
  message: string
  details: FieldFault[]
  requestId: string | null
}

/** As it is written down: JSON-native throughout. */
export interface StoredEntry {
  /** Its idempotency key too, the same at each try. */
  readonly id: string
  /** By which the entries of a person are sent. */
  readonly order: number
  readonly personId: string
  readonly path: string
  readonly input: unknown
  /** An instant, by the clock of this machine. */
  readonly queuedAt: string
  readonly refusal: Refusal | null
}

/**
 * `writing`: on its way into the store, so that it ends with its page if that ends now. `refused`: stays until its user discards it or
 * has it sent again; the entries after it are sent meanwhile.
 */
export type EntryState = 'writing' | 'queued' | 'sending' | 'refused'

export type OutboxEntry<Path extends string = string> = {
  [P in Path]: Omit<StoredEntry, 'path' | 'input'> & { path: P; input: QueuedInput<P>; state: EntryState }
}[Path]
