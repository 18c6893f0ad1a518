/**
 * What a draft's events say, played from the first one: they must be the only way from its beginning to its rows. An event that
 * stands before its cause (an append before the ring came) shows numbers that are not in the order of commits.
 */
import type { Report, Stored, StoredEvent } from './checker.ts'
import { chained, digestOf } from './journal.ts'

interface State {
  title: string | null
  ringHolderId: string
  segments: string
}

export class History {
  readonly epoch: string
  readonly head: number
  /** As a reader should have been given it. */
  readonly digests: string[] = ['']
  /** After each event; that before the first one at 0. */
  readonly states: State[]

  constructor(draft: Stored['drafts'][number], { channels, collaborators, events }: Stored, report: Report) {
    const name = `draft:${draft.id}`
    const { epoch = '', head = 0 } = channels.find(({ id }) => id === name) ?? {}
    this.epoch = epoch
    this.head = head
    this.states = [{ title: null, ringHolderId: draft.ownerId, segments: '' }]
    const members = new Set([draft.ownerId])
    let count = 0
    let last = 0
    for (const event of events) {
      if (event.channel !== name) continue
      const where = `${name} event ${event.seq}`
      if (event.seq !== last + 1) report('gap', `${name}: the table holds ${event.seq} after ${last}`)
      for (; last + 1 < event.seq; last++) {
        this.digests.push('')
        this.states.push(this.states.at(-1) as State)
      }
      last = event.seq
      const before = this.states.at(-1) as State
      const { ringHolderId } = before
      const { payload, actorId } = event
      const after = { ...before }
      if (event.type === 'segment.added') {
        const { id, position } = payload.segment as { id: string; position: number }
        if (actorId !== ringHolderId) report('reordered', `${where}: an append of who did not hold the ring`)
        if (position !== ++count) report('reordered', `${where}: position ${position} where ${count} comes`)
        after.segments = chained(before.segments, id)
      } else if (event.type === 'ring.passed') {
        if (payload.from !== ringHolderId) report('reordered', `${where}: the ring passed by who did not hold it`)
        if (!members.has(String(payload.to))) report('reordered', `${where}: the ring passed to no collaborator`)
        after.ringHolderId = String(payload.to)
      } else if (event.type === 'draft.updated') after.title = String(payload.title)
      else if (event.type === 'collaborator.added') {
        const { id } = payload.person as { id: string }
        if (members.has(id)) report('doubled', `${where}: added who was there`)
        members.add(id)
      } else if (event.type === 'collaborator.removed') {
        if (!members.delete(String(payload.userId))) report('doubled', `${where}: removed who was not there`)
        after.ringHolderId = String(payload.ringHolderId)
      }
      this.states.push(after)
      this.digests.push(digestOf(asSent(event)))
    }
    if (head !== last) report('gap', `${name}: its head is ${head}, its newest event ${last}`)
    const end = this.states.at(-1) as State
    const rows = [draft.ringHolderId, end.title === null ? null : draft.title, draft.segmentCount]
    const told = [end.ringHolderId, end.title, count]
    if (digestOf(rows) !== digestOf(told)) report('altered', `${name}: rows say ${rows}, events say ${told}`)
    const rowsOf = new Set(collaborators.filter(({ draftId }) => draftId === draft.id).map(({ userId }) => userId))
    for (const id of rowsOf.symmetricDifference(members))
      report('altered', `${name}: ${id} is a collaborator by ${rowsOf.has(id) ? 'the rows' : 'the events'} alone`)
  }
}

const asSent = ({ payload, type, seq, at, actorId }: StoredEvent) => ({
  ...payload,
  type,
  seq,
  at: at.toISOString(),
  actorId,
})
