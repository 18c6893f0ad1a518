/** A run in words: what was done to it, what went through, and what was wrong. */
import { type Violation, type ViolationKind, violationKinds } from './checker.ts'
import type { Outcome } from './run.ts'

const shownOfAKind = 8

export function describeRun({ database, done, writes, reads, stored, caughtUpMs, violations }: Outcome): string {
  const byKind = [...Map.groupBy(done, ({ kind }) => kind)].sort(([a], [b]) => (a < b ? -1 : 1))
  const faults = byKind.map(([kind, all]) => [kind, all.length, all.reduce((sum, { hit }) => sum + hit, 0)])
  const steps = (step: string) => writes.filter((entry) => entry.step === step)
  const codes = [
    ...Map.groupBy(
      writes.flatMap((entry) => (entry.step === 'repeated' ? [entry.code] : [])),
      String,
    ),
  ]
  const states = reads.filter(({ step }) => step === 'state')
  const back = states.filter((entry) => entry.step === 'state' && /^(live|polling|ready)/.test(entry.state)).length
  const feeds = new Set(reads.map(({ feed }) => feed)).size
  return [
    rows([[`${database}: faults`, 'done', 'hit'], ...faults, ['all', done.length, '']]),
    rows([
      ['writes begun', steps('intent').length],
      ['  acknowledged', steps('acknowledged').length],
      ['  refused', steps('refused').length],
      ['  repeated', steps('repeated').length, codes.map(([code, all]) => `${code} ${all.length}`).join(', ')],
      ['events stored', stored.events.length],
      ['feeds', feeds],
      ['  snapshots', reads.filter(({ step }) => step === 'snapshot').length],
      ['  deliveries', reads.filter(({ step }) => step === 'event').length],
      ['  times live or ready again', Math.max(0, back - feeds)],
      ['all had everything after', caughtUpMs === null ? 'never' : `${caughtUpMs} ms`],
    ]),
    rows(
      (['process', ...violationKinds] as ViolationKind[]).map((kind) => [
        kind === 'process' ? 'trouble of processes' : kind,
        violations.filter((violation) => violation.kind === kind).length,
      ]),
    ),
  ].join('\n\n')
}

export function describeViolations(violations: Violation[]): string {
  return [...Map.groupBy(violations, ({ kind }) => kind)]
    .flatMap(([kind, all]) => [
      ...all.slice(0, shownOfAKind).map(({ detail }) => `${kind}: ${detail}`),
      ...(all.length > shownOfAKind ? [`${kind}: and ${all.length - shownOfAKind} more`] : []),
    ])
    .join('\n')
}

function rows(cells: (string | number)[][]): string {
  const width = (column: number) => Math.max(...cells.map((row) => String(row[column] ?? '').length))
  return cells
    .map(([name = '', ...values]) =>
      [
        String(name).padEnd(Math.max(28, width(0))),
        ...values.map((value, at) =>
          typeof value === 'number' ? String(value).padStart(8) : ` ${String(value)}`.padStart(at === 0 ? 8 : 0),
        ),
      ].join(' '),
    )
    .join('\n')
}
