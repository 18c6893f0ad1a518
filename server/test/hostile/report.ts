/** A storm in words. */
import type { FloodOutcome } from './flood.ts'
import type { Outcome } from './storm.ts'

const shownFaults = 25

export function describeStorm(database: string, outcome: Outcome): string {
  const { sent, statuses, before, after, faults, returns, bystanderCalls, ms } = outcome
  const total = [...sent.values()].reduce((sum, number) => sum + number, 0)
  const lines = [
    `${total} requests (${counts(sent)})`,
    `answers: ${counts(statuses)}`,
    `held after a collection: ${mebibytes(before.held)} before, ${mebibytes(after.held)} after; resident ${mebibytes(before.resident)}, ${mebibytes(after.resident)}`,
    `open: ${JSON.stringify(before.resources)} before, ${JSON.stringify(after.resources)} after`,
    `the bystander made ${bystanderCalls} calls; attackers signed in again ${returns} times`,
    `${(ms / 1000).toFixed(1)} s in all; faults: ${faults.length}`,
    ...shown(faults),
  ]
  return lines.map((line) => `${database}: ${line}`).join('\n')
}

export function describeFlood(database: string, outcome: FloodOutcome): string {
  const { idle, underFlood, codes, sentFrames, grownBytes, logLines, logBytes, faults } = outcome
  const lines = [
    `flood: ${sentFrames} frames sent before the end; responses to the flooder: ${counts(codes)}`,
    `the other user's queries: idle ${quantiles(idle)}; under the flood ${quantiles(underFlood)}`,
    `${mebibytes(grownBytes)} more held after it; ${logLines} lines of log, ${Math.round(logBytes / 1024)} KiB; faults: ${faults.length}`,
    ...shown(faults),
  ]
  return lines.map((line) => `${database}: ${line}`).join('\n')
}

const counts = (of: Map<string, number>) =>
  [...of]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, number]) => `${name} ${number}`)
    .join(', ')
const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`
const shown = (faults: readonly string[]) => [
  ...faults.slice(0, shownFaults).map((fault) => `  ${fault}`),
  ...(faults.length > shownFaults ? [`  and ${faults.length - shownFaults} more, in faults.json`] : []),
]

function quantiles(ascending: readonly number[]): string {
  const at = (share: number) => ascending[Math.min(ascending.length - 1, Math.floor(share * ascending.length))] ?? 0
  return `p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms of ${ascending.length}`
}
