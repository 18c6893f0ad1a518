/** What a feature states once about its live list: order, views, pages, events, and what each queued call changes. */
import type { LiveOptions } from './live-options.ts'
import type { AnswerOf, MutationPath, QueuedInput } from './outbox-entry.ts'

/** As the server sorts ranks, ids and instants; `localeCompare` sorts them by a language. */
export const byCodeUnits = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)

/** `version` grows with each change, so that the newer of two states is known whatever order they arrive in. Rows that never change have none. */
export interface Versioned {
  id: string
  version?: number
}

export interface ListPage<Row> {
  items: Row[]
  pagination: { nextCursor: string | null; total: number }
}

export type Patch<Row> = Partial<Row> & { id: string; version: number }

export type Change<Row> =
  /** `isNew`: it was in no list before this change. */
  | { put: Row; isNew: boolean }
  /** What an event says of a row that it does not have as a whole. Of an unknown row it is applied once the row is loaded. */
  | { patch: Patch<Row> }
  /** `version`: of the deletion. Absent where only the response to a call reports it. */
  | { deleted: string; version?: number }

/** The rows while queued calls are applied to them, each call after the ones before it. Calls about unknown rows do nothing. */
export interface EditableRows<Row> {
  /** Undefined where it is not known, or deleted. */
  get(id: string): Row | undefined
  /** At the top, unless it is confirmed already. */
  add(row: Row): void
  /** Undefined fields stay as they are. */
  change(id: string, change: Partial<Row>): void
  /** `after`: null for the top. After a row that is not known, it stays where it is. */
  move(id: string, after: string | null): void
  remove(id: string): void
  /** Of a row that was deleted: in the place that it had. */
  restore(id: string): void
}

export interface QueuedChange<Row, Path extends string> {
  /** Of the row that it creates or changes. Null where that is in another list, such as the segments of another draft. */
  rowId(input: QueuedInput<Path>): string | null
  /** `queuedAt`: an instant. */
  apply(rows: EditableRows<Row>, input: QueuedInput<Path>, queuedAt: string): void
  /** What the response says. */
  read(answer: AnswerOf<Path>, input: QueuedInput<Path>): Change<Row>
  /** Applied also after the server has refused the call, until its user discards it: the row shows why. */
  showsRefused?: true
}

/** Of any path. */
export interface AnyChange<Row> {
  rowId(input: unknown): string | null
  apply(rows: EditableRows<Row>, input: unknown, queuedAt: string): void
  read(answer: unknown, input: unknown): Change<Row>
  showsRefused?: true
}

/** Of rules or a channel, what is used without regard to paths. */
export interface AnyRules<Row, View extends string> {
  compare(one: Row, other: Row): number
  isIn(view: View, row: Row): boolean
  isAppendOnly?: boolean
  neverDeletes?: boolean
  calls: Readonly<Record<string, AnyChange<Row>>>
}

/** The part of a channel that is pure. */
export interface ListRules<Row extends Versioned, Event, Path extends MutationPath, View extends string> {
  /** A total order, that of the server: 0 only for one and the same row. */
  compare(one: Row, other: Row): number
  isIn(view: View, row: Row): boolean
  /** Null for an event that changes no row. */
  read(event: Event): Change<Row> | null
  /** New rows come only before the first one, and none changes: a first page whose last row is known continues what is known. */
  isAppendOnly?: boolean
  /** A snapshot that lacks a row which a response has reported is from before it. */
  neverDeletes?: boolean
  calls: { [P in Path]: QueuedChange<Row, P> }
}

export interface Channel<
  Row extends Versioned,
  Event extends { type: string; seq: number },
  Path extends MutationPath,
  View extends string,
  Page extends ListPage<Row> & { cursor: string } = ListPage<Row> & { cursor: string },
> extends ListRules<Row, Event, Path, View>,
    Pick<LiveOptions<{ cursor: string }, Event>, 'follow' | 'poll'> {
  /** `cursor`: null for the first page. */
  page(view: View, cursor: string | null): Promise<Page>
  /** How many rows the server has in a view. Absent where no total is shown. */
  count?(view: View): Promise<number>
  /** About how long after a change `count` is called, at random, so that not all readers do at once. */
  countAfterMs?: number
}
