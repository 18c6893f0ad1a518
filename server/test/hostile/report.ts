/** A storm in words. */
import type { Outcome } from './storm.ts'

const shownFaults = 25

export function describeStorm(database: string, outcome: Outcome): string {
  const { sent, statuses, before, after, faults, returns, bystanderCalls, ms } = outcome
  const total = [...sent.values()].reduce((sum, number) => sum + number, 0)
  const counts = (of: Map<string, number>) =>
    [...of]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, number]) => `${name} ${number}`)
      .join(', ')
  const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`
  const lines = [
    `${total} requests (${counts(sent)})`,
    `answers: ${counts(statuses)}`,
    `held after a collection: ${mebibytes(before.held)} before, ${mebibytes(after.held)} after; resident ${mebibytes(before.resident)}, ${mebibytes(after.resident)}`,
    `open: ${JSON.stringify(before.resources)} before, ${JSON.stringify(after.resources)} after`,
    `the bystander made ${bystanderCalls} calls; attackers signed in again ${returns} times`,
    `${(ms / 1000).toFixed(1)} s in all; faults: ${faults.length}`,
    ...faults.slice(0, shownFaults).map((fault) => `  ${fault}`),
    ...(faults.length > shownFaults ? [`  and ${faults.length - shownFaults} more, in faults.json`] : []),
  ]
  return lines.map((line) => `${database}: ${line}`).join('\n')
}
