/**
 * The statements of the product that the simulated database understands, by their whole text: a changed one fails
 * the run and must be described here. Each does to the tables what Postgres would.
 */
import type { EventRow, Transaction } from './tables.ts'

export interface Result {
  command: string
  rows: unknown[]
}

export interface Statement {
  /** Of the rows that it writes; it runs once it holds them. */
  locks?: (values: unknown[], tx: Transaction) => string[]
  run: (tx: Transaction, values: unknown[], nowMs: number) => unknown[]
}

const state = '"epoch", "head", case when "marked" = "head" then "mark" end'
const lockOf = (id: unknown) => `channel ${id}`
const daysMs = 24 * 3600_000

const markOf = ({ mark, marked, head }: { mark: string | null; marked: number | null; head: number }) =>
  marked === head ? mark : null

function stateRows(tx: Transaction, ids: unknown[], isWhole: boolean): unknown[] {
  return ids.flatMap((id) => {
    const row = tx.channel(String(id))
    if (!row) return []
    const { epoch, head, floor } = row
    return [isWhole ? [epoch, head, markOf(row), row.id, floor] : [epoch, head, markOf(row)]]
  })
}

const selectStates: Statement = { run: (tx, ids) => stateRows(tx, ids, true) }

const known: Record<string, Statement> = {
  [`select ${state} from "channels" where "channels"."id" = $1`]: { run: (tx, ids) => stateRows(tx, ids, false) },

  'insert into "channels" ("id", "epoch", "head", "floor", "mark", "marked", "previous_mark") values ($1, $2, $3, default, default, default, default) on conflict do nothing':
    {
      locks: ([id]) => [lockOf(id)],
      run(tx, [id, epoch]) {
        if (!tx.channel(String(id)))
          tx.putChannel({
            id: String(id),
            epoch: String(epoch),
            head: 0,
            floor: 0,
            mark: null,
            marked: null,
            previousMark: null,
          })
        return []
      },
    },

  'select "channel", "seq", "type", "payload", "actor_id", "created_at", "mark", "previous_mark" from "events" where ("events"."channel" = $1 and "events"."seq" > $2) order by "events"."seq" asc limit $3':
    {
      run: (tx, [channel, after, limit]) =>
        (tx.reads.events.get(String(channel)) ?? [])
          .filter(({ seq }) => seq > Number(after))
          .slice(0, Number(limit))
          .map((row) => [row.channel, row.seq, row.type, row.payload, null, row.createdAt, row.mark, row.previousMark]),
    },

  'with "raised" as ( insert into "channels" (id, epoch, head, mark, marked) values ($1, $2, 1, $3, 1) on conflict (id) do update set head = channels.head + 1, previous_mark = case when channels.marked = channels.head then channels.mark end, mark = excluded.mark, marked = channels.head + excluded.head returning epoch, head, previous_mark), "inserted" as ( insert into "events" (channel, seq, type, payload, actor_id, mark, previous_mark) select $4, head, $5, $6::jsonb, $7::uuid, $8, previous_mark from raised returning seq, created_at, previous_mark) select seq, created_at, epoch, inserted.previous_mark from inserted cross join raised':
    {
      locks: ([id]) => [lockOf(id)],
      run(tx, [given, newEpoch, mark, , type, payload], nowMs) {
        const id = String(given)
        const before = tx.channel(id)
        const head = (before?.head ?? 0) + 1
        const previousMark = before ? markOf(before) : null
        const epoch = before?.epoch ?? String(newEpoch)
        tx.putChannel({ id, epoch, head, floor: before?.floor ?? 0, mark: String(mark), marked: head, previousMark })
        const createdAt = new Date(nowMs).toISOString()
        const event = {
          channel: id,
          seq: head,
          type: String(type),
          payload: String(payload),
          createdAt,
          mark: String(mark),
          previousMark,
        }
        tx.addEvent(event)
        return [[String(head), createdAt, epoch, previousMark]]
      },
    },

  'update "channels" set "epoch" = $1 where "channels"."id" = $2': {
    locks: ([, id]) => [lockOf(id)],
    run(tx, [epoch, id]) {
      const row = tx.channel(String(id))
      if (row) tx.putChannel({ ...row, epoch: String(epoch) })
      return []
    },
  },

  'update "channels" set "epoch" = $1': {
    locks: (_values, tx) => tx.channelIds.map(lockOf),
    run(tx, [epoch]) {
      for (const id of tx.channelIds) {
        const row = tx.channel(id)
        if (row) tx.putChannel({ ...row, epoch: String(epoch) })
      }
      return []
    },
  },

  'with raised as (update "channels" set floor = head where id = $1 returning floor) delete from "events" using raised where channel = $2 and seq <= raised.floor':
    {
      locks: ([id]) => [lockOf(id)],
      run(tx, [id]) {
        const row = tx.channel(String(id))
        if (!row) return []
        tx.putChannel({ ...row, floor: row.head })
        tx.deleteEvents(row.id, row.head)
        return []
      },
    },

  'with raised as (update "channels" set floor = greatest(floor, $1) where id = $2) , deleted as (delete from "events" where channel = $3 and seq <= $4 returning 1) select count(*)::int as n from deleted':
    {
      locks: ([, id]) => [lockOf(id)],
      run(tx, [upTo, id]) {
        const row = tx.channel(String(id))
        if (row) tx.putChannel({ ...row, floor: Math.max(row.floor, Number(upTo)) })
        return [{ n: tx.deleteEvents(String(id), Number(upTo)) }]
      },
    },

  'select old.channel, least(max(old.seq), coalesce(min("channels"."floor"), min(old.seq) - 1) + $1::int) as up_to from ( select channel, seq from "events" where created_at < now() - make_interval(days => $2::int) order by created_at limit $3::int ) as old left join "channels" on "channels"."id" = old.channel group by old.channel':
    {
      run(tx, [perBatch, days, limit], nowMs) {
        const before = new Date(nowMs - Number(days) * daysMs).toISOString()
        const old = [...tx.reads.events.values()]
          .flat()
          .filter(({ createdAt }) => createdAt < before)
          .sort((a, b) => (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0))
          .slice(0, Number(limit))
        return Array.from(
          Map.groupBy(old, ({ channel }: EventRow) => channel),
          ([channel, its]) => {
            const seqs = its.map(({ seq }) => seq)
            const floor = tx.channel(channel)?.floor ?? Math.min(...seqs) - 1
            return { channel, up_to: String(Math.min(Math.max(...seqs), floor + Number(perBatch))) }
          },
        )
      },
    },

  // Of the simulation's own service.
  'insert into things (id, channel) values ($1, $2) on conflict (id) do nothing returning id': {
    locks: ([id]) => [`thing ${id}`],
    run(tx, [given, channel]) {
      const id = String(given)
      if (tx.thing(id)) return []
      tx.putThing({ id, channel: String(channel) })
      return [{ id }]
    },
  },
  'select id from things where channel = $1': {
    run: (tx, [channel]) => tx.reads.thingsOf(String(channel)).map(({ id }) => ({ id })),
  },
  // The clock of retention, which never jumps here: a round of retention begins.
  'select extract(epoch from now() - "retention_clock"."at")::float8 as s from "retention_clock"': {
    run: () => [{ s: 0 }],
  },

  'select 1': { run: () => [{ '?column?': 1 }] },
}

const statesOf = new RegExp(
  `^${escaped(`select ${state}, "id", "floor" from "channels" where "channels"."id" in (`)}[^)]*\\)$`,
)

const byText = new Map<string, Statement>()

/** Undefined for an unknown statement. */
export function statementOf(text: string): Statement | undefined {
  let statement = byText.get(text)
  if (!statement) {
    const plain = text.replaceAll(/\s+/g, ' ').trim()
    statement = statesOf.test(plain) ? selectStates : known[plain]
    if (statement) byText.set(text, statement)
  }
  return statement
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
