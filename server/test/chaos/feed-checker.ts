/** Each reader's log against the history of its draft: every event once, in order, as it is stored, up to the newest. */
import type { Report, SetBack } from './checker.ts'
import type { History } from './history.ts'
import type { ReadEntry } from './journal.ts'

export function checkFeeds(
  reads: ReadEntry[],
  histories: Map<string, History>,
  setBack: SetBack | null,
  report: Report,
): void {
  for (const [feed, entries] of Map.groupBy(reads, ({ feed }) => feed)) {
    const opened = entries.find((entry) => entry.step === 'opened')
    const history = opened?.step === 'opened' ? histories.get(opened.draftId) : undefined
    if (history) checkFeed(feed, entries, history, setBack, report)
    else report('invented', `${feed}: a log without a draft`)
  }
}

/** What was given between the copy and its return is of a history that nobody has any more: a snapshot must follow it. */
function checkFeed(feed: string, entries: ReadEntry[], history: History, setBack: SetBack | null, report: Report) {
  const isOver = entries.some(({ step }) => step === 'closed')
  let last = play(feed, setBack ? entries.filter(({ at }) => at < setBack.savedAt) : entries, history, report)
  if (setBack && !isOver) {
    const after = entries.filter(({ at }) => at >= setBack.returnedAt)
    const anew = after.findIndex(({ step }) => step === 'snapshot')
    if (anew === -1) report('gap', `${feed}: was not told that the database was set back`)
    else last = play(feed, after.slice(anew), history, report)
  }
  if (!isOver && last !== history.head) report('lost', `${feed}: stands at ${last} of ${history.head} at the end`)
}

/** Returns where it stands then. */
function play(feed: string, entries: ReadEntry[], history: History, report: Report): number | null {
  let last: number | null = null
  const given = new Set<number>()
  for (const entry of entries) {
    if (entry.step === 'snapshot') {
      const seq = checkSnapshot(feed, entry, history, report)
      if (last !== null) report('resync', `${feed}: a new snapshot at ${seq}, after event ${last}`)
      if (last !== null && seq < last) report('reordered', `${feed}: the snapshot went back from ${last} to ${seq}`)
      last = seq
      given.clear()
    } else if (entry.step === 'resync') report('resync', `${feed}: told to begin anew after ${last}`)
    else if (entry.step === 'ended') report('ended', `${feed}: ${entry.code}`)
    else if (entry.step === 'event') {
      const { seq } = entry
      if (last === null) {
        report('invented', `${feed}: event ${seq} before there was a snapshot`)
        last = seq - 1
      }
      if (given.has(seq)) report('doubled', `${feed}: event ${seq} again, after ${last}`)
      else if (seq <= last) report('reordered', `${feed}: event ${seq} after ${last}`)
      else if (seq > last + 1) report('gap', `${feed}: event ${seq} after ${last}`)
      if (entry.epoch !== history.epoch) report('altered', `${feed}: event ${seq} of epoch ${entry.epoch}`)
      if (history.digests[seq] === undefined) report('invented', `${feed}: event ${seq}, which is not stored`)
      else if (history.digests[seq] !== entry.digest) report('altered', `${feed}: event ${seq} is not as stored`)
      given.add(seq)
      last = Math.max(last, seq)
    }
  }
  return last
}

/** Where it stands. */
function checkSnapshot(
  feed: string,
  { cursor, title, ringHolderId, segments }: Extract<ReadEntry, { step: 'snapshot' }>,
  history: History,
  report: Report,
): number {
  const [epoch, number] = cursor.split(':')
  const seq = Number(number)
  const state = history.states[seq]
  if (epoch !== history.epoch || !state) report('invented', `${feed}: a snapshot at ${cursor}, which never was`)
  else if (
    state.segments !== segments ||
    state.ringHolderId !== ringHolderId ||
    (state.title !== null && state.title !== title)
  ) {
    report('altered', `${feed}: the snapshot at ${cursor} is not what the events up to it say`)
  }
  return seq
}
