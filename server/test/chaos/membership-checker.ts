/**
 * Whether adding and removing people did what was said. Adding who is there changes nothing and has no event, so an acknowledged
 * add is judged by what comes later: its person is there, until somebody may have been removing them.
 */
import type { Report, Stored } from './checker.ts'
import type { Write } from './write-checker.ts'

export function checkMembership(writes: Write[], stored: Stored, report: Report): void {
  const present = new Set(stored.collaborators.map(({ draftId, userId }) => `${draftId} ${userId}`))
  const membership = writes.filter(({ kind }) => kind === 'add' || kind === 'remove')
  for (const [name, all] of Map.groupBy(membership, ({ draftId, what }) => `${draftId} ${what}`)) {
    const removes = all.filter(({ kind }) => kind === 'remove')
    /** No remove can have come between the two. */
    const certain = (add: Write, until: number) =>
      !removes.some(
        ({ acknowledgedAt, unknown, begunAt }) =>
          (acknowledgedAt !== null || unknown) && (acknowledgedAt ?? Infinity) >= add.begunAt && begunAt <= until,
      )
    for (const add of all) {
      const { kind, key, acknowledgedAt } = add
      if (kind !== 'add' || acknowledgedAt === null) continue
      if (!present.has(name) && certain(add, Infinity)) report('lost', `add ${key} (${name}) was acknowledged`)
      for (const { key: later, refused, begunAt, endedAt } of removes) {
        if (refused !== 'NOT_A_COLLABORATOR' || begunAt < acknowledgedAt) continue
        if (certain(add, endedAt))
          report('lost', `add ${key} (${name}) was acknowledged, and remove ${later} found nobody`)
      }
    }
  }
}
