/**
 * `npm run test:mutants`: builds that are broken on purpose, one fault at a time, each of which the suite must find. Ends with 1 when a
 * fault survives, and with 64 when the list of faults does not fit the code or the tests any more.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Fault, projectOf } from './fault.ts'
import { faults } from './faults.ts'
import { runVitest } from './vitest-run.ts'
import { WorkingCopy } from './working-copy.ts'

/** Two, for most of a run is the loading of the server, which is the work of one core. */
const atOnce = 2
const baselineWithinMs = 5 * 60_000
const faultWithinMs = 2 * 60_000
/** The first line of a test that did not come to its assertion. */
const brokenTest = /^(Type|Reference|Syntax)Error/

const { values, positionals: names } = parseArgs({
  options: { list: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const say = (line: string) => void process.stdout.write(`${line}\n`)
const unknown = names.filter((name) => !faults.some((fault) => fault.name === name))
if (unknown.length > 0) refuse(`no such fault, see --list: ${unknown.join(', ')}`)
const chosen = faults.filter(({ name }) => names.length === 0 || names.includes(name))
if (values.list) {
  for (const { name } of chosen) say(name)
  process.exit(0)
}

const stop = new AbortController()
const interrupt = () => stop.abort(new Error('interrupted'))
process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
const { signal } = stop
const began = performance.now()
const root = mkdtempSync(join(tmpdir(), 'plinth-mutants-'))
let status: number
try {
  const copies = Array.from({ length: atOnce }, (_, n) => new WorkingCopy(join(root, String(n))))
  status = await judge(copies)
} catch (error) {
  say((error as Error).message)
  status = 1
} finally {
  rmSync(root, { recursive: true, force: true })
}
say(`${Math.round((performance.now() - began) / 1000)} s in all`)
process.exit(status)

function refuse(why: string): never {
  process.stderr.write(`${why}\n`)
  process.exit(64)
}

async function judge(copies: WorkingCopy[]): Promise<number> {
  const misfits = chosen.flatMap((fault) => misfitOf(copies[0] as WorkingCopy, fault))
  if (misfits.length === 0) misfits.push(...(await checkUnbroken(copies)))
  if (misfits.length > 0) {
    say(['The list of faults is out of date:', ...misfits].join('\n  '))
    return 64
  }
  const survived: string[] = []
  const width = Math.max(...chosen.map(({ name }) => name.length))
  await share(copies, chosen, async (copy, fault) => {
    const startedAt = performance.now()
    const mend = copy.put(fault)
    const { tests, crash } = await runOne(copy, [fault], 1).finally(mend)
    const failed = tests.filter((test) => test.status === 'failed')
    const found = failed.find(({ failure }) => !brokenTest.test(failure))
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    if (!found) survived.push(fault.name)
    const verdict = found ? `${found.file}: ${found.name}` : `SURVIVED ${crash ?? failed[0]?.failure ?? ''}`
    say(`${fault.name.padEnd(width)}  ${seconds.padStart(5)} s  ${verdict}`)
    if (found) say(`${' '.repeat(width)}           ${found.failure}`)
  })
  say(`${chosen.length - survived.length} of ${chosen.length} faults found`)
  for (const name of survived) say(`  survived: ${name}`)
  return survived.length === 0 ? 0 : 1
}

function misfitOf(copy: WorkingCopy, fault: Fault): string[] {
  try {
    copy.put(fault)()
    return []
  } catch (error) {
    return [(error as Error).message]
  }
}

/** That the tests are there and pass without a fault; each file or name in one run. Returns what is wrong. */
async function checkUnbroken(copies: WorkingCopy[]): Promise<string[]> {
  const wrong: string[] = []
  const groups = Map.groupBy(chosen, (fault) => `${projectOf(fault)} ${fault.foundBy.tests === undefined}`)
  await share(copies, [...groups.values()], async (copy, group) => {
    const { tests, crash } = await runOne(copy, group, 0)
    if (crash !== null) wrong.push(crash)
    for (const { name, file, failure } of tests.filter((test) => test.status === 'failed')) {
      wrong.push(`${file}: "${name}" fails without a fault: ${failure}`)
    }
    for (const { name, foundBy } of group) {
      const pattern = new RegExp(foundBy.tests ?? '')
      const isThere = tests.some(
        (test) => test.file === foundBy.file && test.status === 'passed' && pattern.test(test.name),
      )
      if (!isThere) wrong.push(`"${name}": no test of ${foundBy.file} that passes has a name of ${pattern}`)
    }
  })
  return wrong
}

/** The tests of several faults of one project, all of which have a pattern of names, or none. */
function runOne(copy: WorkingCopy, group: readonly Fault[], bail: number) {
  const patterns = group.flatMap(({ foundBy: { tests } }) => tests ?? [])
  return runVitest({
    folder: copy.folder,
    project: projectOf(group[0] as Fault),
    files: [...new Set(group.map(({ foundBy }) => foundBy.file))],
    tests: patterns.length === 0 ? undefined : patterns.map((pattern) => `(${pattern})`).join('|'),
    bail,
    withinMs: bail === 0 ? baselineWithinMs : faultWithinMs,
    signal,
  })
}

/** One task at a time on each copy. */
async function share<T>(
  copies: WorkingCopy[],
  tasks: readonly T[],
  work: (copy: WorkingCopy, task: T) => Promise<void>,
) {
  const waiting = [...tasks]
  await Promise.all(
    copies.map(async (copy) => {
      for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) await work(copy, task)
    }),
  )
}
