/** A detector: what is meant to be and what is there, from two files, and what differs reported to a server. */
import type { DriftSummary } from '../shared/drifts.ts'
import { Severity } from '../shared/drifts.ts'
import { exitCodes, type OwnCall, type OwnCommand, Refusal } from './command.ts'
import { type Finding, findDrifts } from './detect/compare.ts'
import { findGone, reportAll, resolveAll } from './detect/report.ts'
import { Secrets } from './detect/secrets.ts'
import { readStates } from './detect/state-file.ts'
import { openPlinth } from './open-plinth.ts'
import { textTable } from './text-table.ts'

/** What `diff` ends with too. */
const drifted = 1
const usualPatienceS = 60
/** Of PLINTH_DETECT_KEY: shorter ones can be found by trying. */
const leastKeyLength = 32
const shownPaths = 3

export const detectCommands: Record<string, OwnCommand> = {
  detect: {
    summary: 'Compares two files of resources and reports what has drifted; ends with 1 when something has',
    details:
      'Each file is a map from external ids to { type, id, provider, region, severity, state }, or a list of those (docs/drifts.md). Open\n' +
      'drifts that are found no more are resolved: those whose external id begins with --source, which is put before every id, or\n' +
      'without it those of the providers in the files.\n' +
      'Secrets stay here: see --secret for further names of them. --dry-run compares, sends nothing and asks no server.',
    operands: ['expected', 'actual'],
    options: {
      source: { type: 'string' },
      severity: { type: 'string' },
      secret: { type: 'string', multiple: true },
      patience: { type: 'string' },
      'dry-run': { type: 'boolean' },
      json: { type: 'boolean' },
    },
    async runHere({ environment, url, operands, options, terminal }) {
      const [expectedPath = '', actualPath = ''] = operands
      const prefix = prefixOf(options.source)
      const severity = severityOf(options.severity)
      const patienceMs = 1000 * secondsOf(options.patience)
      const secrets = new Secrets(keyOf(environment), [options.secret ?? []].flat().map(String))
      const { expected, actual } = readStates({ expected: expectedPath, actual: actualPath }, prefix)
      const findings = findDrifts(expected, actual, { secrets, severity })
      const show = (reported: readonly DriftSummary[], resolved: readonly DriftSummary[]) => {
        const shown = { drifts: findings.map((one, at) => ({ ...one, reported: reported[at] ?? null })), resolved }
        if (options.json) terminal.print(JSON.stringify(shown, null, 2))
        else if (findings.length + resolved.length > 0) terminal.print(tableOf(findings, reported, resolved))
      }
      if (options['dry-run']) {
        show([], [])
        terminal.complain(`Drifts found: ${findings.length}. Nothing was sent.`)
        return findings.length > 0 ? drifted : 0
      }
      const plinth = await openPlinth(environment, url, () => {})
      try {
        const reporting = { call: plinth.call, terminal, patienceMs }
        const reported = await reportAll(findings, reporting)
        const isOwn = ({ externalId }: DriftSummary) => externalId.startsWith(prefix)
        const providers = new Set([...expected.values(), ...actual.values()].map(({ provider }) => provider))
        const found = new Set(findings.map(({ externalId }) => externalId))
        const gone = await findGone(isOwn, found, prefix === '' ? [...providers] : undefined, reporting)
        const resolved = await resolveAll(gone, reporting)
        show(reported, resolved)
        terminal.complain(`Drifts reported: ${reported.length}. Resolved: ${resolved.length}.`)
        return findings.length > 0 ? drifted : 0
      } finally {
        await plinth.close()
      }
    },
  },
}

type Option = OwnCall['options'][string]

function prefixOf(source: Option): string {
  if (source === undefined) return ''
  if (/^[\w.-]{1,60}$/.test(String(source))) return `${source}/`
  throw new Refusal('--source takes up to 60 letters, digits, dots, - and _.', exitCodes.usage)
}

function severityOf(text: Option): Severity | undefined {
  const severity = Severity.optional().safeParse(text)
  if (severity.success) return severity.data
  throw new Refusal(`--severity takes one of ${Severity.options.join(', ')}.`, exitCodes.usage)
}

function secondsOf(text: Option): number {
  if (text === undefined) return usualPatienceS
  if (/^\d{1,5}$/.test(String(text))) return Number(text)
  throw new Refusal('--patience takes a number of seconds.', exitCodes.usage)
}

function keyOf({ PLINTH_DETECT_KEY: key }: OwnCall['environment']): string | undefined {
  if (key === undefined || key === '' || key.length >= leastKeyLength) return key || undefined
  throw new Refusal(
    `PLINTH_DETECT_KEY must have at least ${leastKeyLength} characters: \`openssl rand -base64 32\` makes one.`,
    exitCodes.config,
  )
}

function tableOf(
  findings: readonly Finding[],
  reported: readonly DriftSummary[],
  resolved: readonly DriftSummary[],
): string {
  return textTable(
    ['FOUND', 'SEVERITY', 'STATUS', 'EXTERNAL ID', 'WHERE'],
    [
      ...findings.map(({ kind, severity, externalId, paths }, at) => [
        kind,
        severity,
        reported[at]?.status ?? null,
        externalId,
        whereOf(paths),
      ]),
      ...resolved.map(({ severity, status, externalId }) => ['no more', severity, status, externalId, null]),
    ],
  )
}

function whereOf(paths: readonly string[]): string | null {
  if (paths.length === 0) return null
  const more = paths.length - shownPaths
  return paths.slice(0, shownPaths).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
