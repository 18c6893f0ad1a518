/** What writers were answered against what is stored: acknowledged ⊆ stored ⊆ asked for, once each, in the order of time. */
import type { Report, Stored, StoredEvent } from './checker.ts'
import type { WriteEntry, WriteKind } from './journal.ts'
import { checkMembership } from './membership-checker.ts'

export interface Write {
  key: string
  kind: WriteKind
  draftId: string
  actorId: string
  what: string
  begunAt: number
  acknowledgedAt: number | null
  /** When the writer had its last word; Infinity when it had none. */
  endedAt: number
  position: number | undefined
  refused: string | null
  /** It may have taken effect without anybody being told. */
  unknown: boolean
}

/** What writers bring upon themselves, by writing at the same time. */
const fairRefusals = new Set(['RING_NOT_HELD', 'DRAFT_FULL', 'NOT_A_COLLABORATOR'])

/** Their events name who did what to whom, and not the write: they are counted. The last says whether each success has one. */
const counted = [
  ['pass', 'ring.passed', ({ to }) => to, true],
  ['add', 'collaborator.added', ({ person }) => (person as { id: string }).id, false],
  ['remove', 'collaborator.removed', ({ userId }) => userId, true],
] satisfies [WriteKind, string, (payload: StoredEvent['payload']) => unknown, boolean][]
const otherTypes = ['segment.added', 'draft.updated']

export function checkWrites(entries: WriteEntry[], stored: Stored, report: Report): void {
  const writes = writesOf(entries, report)
  const of = (kind: WriteKind) => writes.filter((write) => write.kind === kind)
  const eventsOf = (type: string, nameOf: (event: StoredEvent) => string) =>
    Map.groupBy(
      stored.events.filter((event) => event.type === type),
      nameOf,
    )
  const appended = eventsOf('segment.added', ({ payload }) => segmentOf(payload).id)
  const renamed = eventsOf('draft.updated', ({ payload }) => String(payload.title))
  const known: { write: Write; event: StoredEvent }[] = []

  const match = (write: Write, events: StoredEvent[] = []) => {
    const name = `${write.kind} ${write.key} in draft:${write.draftId}`
    if (write.acknowledgedAt !== null && events.length === 0) report('lost', `${name} was acknowledged`)
    if (events.length > 1) report('doubled', `${name} has ${events.length} events`)
    if (write.refused && !write.unknown && events.length > 0) report('invented', `${name} was refused, and stored`)
    const [event] = events
    if (event && event.channel !== `draft:${write.draftId}`) report('altered', `${name} is in ${event.channel}`)
    if (event && events.length === 1) known.push({ write, event })
  }

  const segments = new Map(stored.segments.map((segment) => [segment.id, segment]))
  for (const write of of('append')) {
    const events = appended.get(write.key)
    match(write, events)
    const segment = segments.get(write.key)
    if ((events?.length ?? 0) > 0 !== (segment !== undefined))
      report('lost', `append ${write.key} has ${segment ? 'a segment and no event' : 'an event and no segment'}`)
    if (!segment) continue
    const told = segmentOf(events?.[0]?.payload ?? {})
    if ([segment.text, told?.text].some((text) => text !== undefined && text !== write.what))
      report('altered', `append ${write.key} is stored with another text`)
    if ([told?.position, write.position].some((position) => position !== undefined && position !== segment.position))
      report('altered', `append ${write.key} was told another position than ${segment.position}`)
  }
  for (const write of of('rename')) match(write, renamed.get(write.what))
  for (const [kind, type, whomOf, always] of counted) {
    const events = eventsOf(type, ({ channel, actorId, payload }) => `${channel} ${actorId} ${whomOf(payload)}`)
    const begun = Map.groupBy(of(kind), ({ draftId, actorId, what }) => `draft:${draftId} ${actorId} ${what}`)
    for (const name of new Set([...events.keys(), ...begun.keys()])) {
      const all = begun.get(name) ?? []
      const told = all.filter(({ acknowledgedAt }) => acknowledgedAt !== null).length
      const most = told + all.filter(({ acknowledgedAt, unknown }) => acknowledgedAt === null && unknown).length
      const count = events.get(name)?.length ?? 0
      if (always && count < told) report('lost', `${kind} ${name}: ${told} acknowledged, ${count} stored`)
      if (count > most) report(most === 0 ? 'invented' : 'doubled', `${kind} ${name}: at most ${most}, ${count} stored`)
    }
  }
  checkMembership(writes, stored, report)

  const asked = new Set(writes.flatMap(({ key, what }) => [key, what]))
  const names = [...appended.keys(), ...renamed.keys(), ...stored.segments.map(({ id }) => id)]
  for (const name of names) if (!asked.has(name)) report('invented', `${name} is stored, and nobody wrote it`)
  const types = new Set([...otherTypes, ...counted.map(([, type]) => type)])
  for (const { channel, seq, type } of stored.events)
    if (!types.has(type)) report('invented', `${channel} event ${seq}: nobody asks for ${type}`)
  checkTime(known, report)
}

/** Who was acknowledged before another one began has the lower number. */
function checkTime(known: { write: Write; event: StoredEvent }[], report: Report) {
  for (const [channel, all] of Map.groupBy(known, ({ event }) => event.channel)) {
    let latest: { write: Write; event: StoredEvent } | null = null
    for (const one of all.sort((a, b) => a.event.seq - b.event.seq)) {
      const { acknowledgedAt } = one.write
      if (latest && acknowledgedAt !== null && acknowledgedAt < latest.write.begunAt) {
        report('reordered', `${channel}: ${one.event.seq} was acknowledged before ${latest.event.seq} began`)
      }
      if (!latest || one.write.begunAt > latest.write.begunAt) latest = one
    }
  }
}

function writesOf(entries: WriteEntry[], report: Report): Write[] {
  const writes = new Map<string, Write>()
  for (const entry of entries) {
    if (entry.step === 'intent') {
      const { at, key, kind, draftId, actorId, what } = entry
      const begun = { key, kind, draftId, actorId, what, begunAt: at }
      writes.set(key, {
        ...begun,
        acknowledgedAt: null,
        endedAt: Infinity,
        position: undefined,
        refused: null,
        unknown: false,
      })
      continue
    }
    const write = writes.get(entry.key)
    if (!write) report('invented', `${entry.key} was ${entry.step} without an intent`)
    else if (entry.step === 'acknowledged') {
      write.acknowledgedAt = entry.at
      write.endedAt = entry.at
      write.position = entry.position
    } else if (entry.step === 'repeated') {
      write.unknown = true
      if (entry.code === 'INTERNAL_ERROR') report('refused', `${write.kind} ${write.key} was answered ${entry.code}`)
    } else {
      write.refused = entry.code
      write.endedAt = entry.at
      if (!fairRefusals.has(entry.code)) report('refused', `${write.kind} ${write.key} was answered ${entry.code}`)
    }
  }
  // Asked for, and left without an answer: whether it is stored nobody was told.
  for (const write of writes.values()) if (write.acknowledgedAt === null && !write.refused) write.unknown = true
  return [...writes.values()]
}

const segmentOf = (payload: Record<string, unknown>) =>
  payload.segment as { id: string; text: string; position: number }
