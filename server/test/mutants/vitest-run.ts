/** One run of vitest in a process of its own, and what its report says. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'

export interface TestResult {
  /** From the root of the repository. */
  readonly file: string
  /** With the names of its groups before it, as patterns of test names see it. */
  readonly name: string
  readonly status: 'passed' | 'failed' | 'skipped'
  /** The first line of why it failed. */
  readonly failure: string
}

export interface Outcome {
  readonly tests: readonly TestResult[]
  /** Null when it ran to its end and reported; else what it said instead. */
  readonly crash: string | null
}

interface Asked {
  readonly folder: string
  readonly project: string
  readonly files: readonly string[]
  readonly tests?: string | undefined
  readonly bail: number
  readonly withinMs: number
  readonly signal: AbortSignal
}

interface Report {
  testResults: {
    name: string
    status: string
    message: string
    assertionResults: { ancestorTitles: string[]; title: string; status: string; failureMessages: string[] }[]
  }[]
}

/** Never throws for what the run itself does, which may be anything. */
export async function runVitest({ folder, project, files, tests, bail, withinMs, signal }: Asked): Promise<Outcome> {
  const reportPath = join(folder, 'report.json')
  rmSync(reportPath, { force: true })
  const options = [
    ...[
      '--project',
      project,
      '--maxWorkers',
      '1',
      '--bail',
      String(bail),
      '--reporter=json',
      `--outputFile=${reportPath}`,
    ],
    // Nothing but the broken file is new in the next run.
    ...['--fsModuleCache', `--fsModuleCachePath=${join(folder, '.module-cache')}`],
    ...(tests === undefined ? [] : ['--testNamePattern', tests]),
  ]
  const child = spawn(process.execPath, [join(folder, 'node_modules/vitest/vitest.mjs'), 'run', ...options, ...files], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: withinMs,
    killSignal: 'SIGTERM',
    signal,
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000)
    })
  }
  const [, killedBy] = (await once(child, 'close')) as [number | null, string | null]
  signal.throwIfAborted()
  if (killedBy !== null) return { tests: [], crash: `it did not end within ${withinMs / 1000} s` }
  if (!existsSync(reportPath)) return { tests: [], crash: said.trim() || 'it reported nothing' }
  const { testResults } = JSON.parse(readFileSync(reportPath, 'utf8')) as Report
  // A file that could not be loaded has failed without a test.
  const unloaded = testResults.find(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  )
  return {
    crash: unloaded ? `${relative(folder, unloaded.name)}: ${firstLine(unloaded.message)}` : null,
    tests: testResults.flatMap(({ name, assertionResults }) =>
      assertionResults.map(({ ancestorTitles, title, status, failureMessages: [failure = ''] }) => ({
        file: relative(folder, name),
        name: [...ancestorTitles, title].join(' > '),
        status: status === 'passed' || status === 'failed' ? status : 'skipped',
        failure: firstLine(failure),
      })),
    ),
  }
}

const firstLine = (text: string) => text.split('\n', 1)[0] as string
