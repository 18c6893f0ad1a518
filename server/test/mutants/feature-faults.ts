/** Faults in what the features promise. */
import type { Fault } from './fault.ts'

export const featureFaults: readonly Fault[] = [
  {
    name: 'a draft is appended to without the ring',
    file: 'server/features/drafts/append-statement.ts',
    from: 'ring_holder_id = asked.actor_id and ',
    to: '',
    foundBy: { file: 'server/features/drafts/drafts.test.ts', tests: 'who alone may then append' },
  },
  {
    name: 'a drift is decided twice',
    file: 'server/features/drifts/decide.ts',
    from: "and(inArray(drifts.id, driftIds), eq(drifts.status, 'pending'))",
    to: 'and(inArray(drifts.id, driftIds))',
    foundBy: { file: 'server/features/drifts/drifts.test.ts', tests: 'a decision > is for whoever is first' },
  },
  {
    name: "an engineer undoes another user's decision",
    file: 'server/features/drifts/reopen.ts',
    from: ' && row.decidedBy !== null && row.decidedBy === personIdOf(actor)',
    to: '',
    foundBy: { file: 'server/features/drifts/decisions.test.ts', tests: 'within a minute by its user' },
  },
  {
    name: 'a drift of medium severity raises an alert',
    file: 'server/features/drifts/policy.ts',
    from: "urgency('high')",
    to: "urgency('medium')",
    foundBy: { file: 'server/features/alerts/alerts.test.ts', tests: 'an alert is made' },
  },
  {
    name: 'tasks are listed by age and not by rank',
    file: 'server/features/tasks/service.ts',
    from: '.orderBy(asc(tasks.rank))',
    to: '.orderBy(asc(tasks.id))',
    foundBy: { file: 'server/features/tasks/tasks.test.ts', tests: 'takes a task to every place' },
  },
  {
    name: 'a page by number skips a row',
    file: 'server/platform/db/page.ts',
    from: '(page - 1) * limit',
    to: '(page - 1) * (limit + 1)',
    foundBy: { file: 'server/features/tasks/tasks.test.ts', tests: 'by page and by cursor' },
  },
  {
    name: 'a page by cursor skips a row',
    file: 'server/platform/db/page.ts',
    from: '(items.at(-1)?.id ?? null)',
    to: '(rows.at(-1)?.id ?? null)',
    foundBy: { file: 'server/features/drafts/rest.test.ts', tests: 'comes in pages' },
  },
]
