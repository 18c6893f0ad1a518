/**
 * One process per database folder. PGlite itself takes no lock, and two processes on one folder lose acknowledged rows.
 * The lock is a file beside the folder that names its holder. It is never taken from a live process; one whose
 * holder is gone (kill -9, power cut) is taken over, by one process only even if many try.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

export type Holder = { pid: number; processStart: string; since: string; program: string }

const nobody: Holder = { pid: 0, processStart: '', since: '', program: '' }
/** Longer than anybody's turn, which is less than a millisecond. */
const settleMs = 30

export class FolderInUse extends Error {
  override name = 'FolderInUse'
  readonly folder: string
  readonly holder: Holder
  constructor(folder: string, holder: Holder) {
    const { pid, since, program } = holder
    super(
      `The database folder ${folder} is in use by process ${pid} (${program}, since ${since}).\n` +
        'Stop that process first, or name another folder in DATABASE_URL.',
    )
    this.folder = folder
    this.holder = holder
  }
}

export class NotADatabaseFolder extends Error {
  override name = 'NotADatabaseFolder'
  constructor(folder: string) {
    super(`${folder} is not a database folder: it has files, but no PG_VERSION. Name another one in DATABASE_URL.`)
  }
}

/** @throws FolderInUse naming the holder. Synchronous, so that nothing else of a second process begins. */
export function lockFolder(folder: string): { release(): void } {
  const path = besideFolder(folder, 'lock')
  const own: Holder = {
    pid: process.pid,
    processStart: processState(process.pid)?.start ?? '',
    since: new Date().toISOString(),
    program: process.argv.slice(1).join(' ').slice(-200),
  }
  if (!createLock(path, own)) {
    refuseIfHeld(folder, path)
    takeOver(folder, path, own)
  }
  const release = () => {
    process.off('exit', release)
    if (isSame(readHolder(path), own)) unlinkIfThere(path)
  }
  process.on('exit', release)
  return { release }
}

/** Beside the folder itself, by whichever link it is reached: two names of one folder have one lock. */
export function besideFolder(folder: string, ending: string): string {
  mkdirSync(dirname(folder), { recursive: true })
  const real = existsSync(folder) ? realpathSync(folder) : join(realpathSync(dirname(folder)), basename(folder))
  return `${real}.${ending}`
}

function refuseIfHeld(folder: string, path: string) {
  const holder = readHolder(path)
  if (!holder || !isAlive(holder)) return
  // Who has taken it this moment may have to leave it to another one (`settle`), whom the message should name.
  sleep(settleMs)
  throw new FolderInUse(folder, readHolder(path) ?? holder)
}

/**
 * Between reading a dead holder and replacing it, another process may have done the same; a second file, itself made
 * exclusively, lets one of them in at a time.
 */
function takeOver(folder: string, path: string, own: Holder) {
  const turn = `${path}.turn`
  for (let attempt = 0; attempt < 40; attempt++) {
    if (createLock(turn, own)) {
      try {
        refuseIfHeld(folder, path)
        unlinkIfThere(path)
        if (createLock(path, own)) return settle(folder, path, own)
      } finally {
        unlinkIfThere(turn)
      }
    } else {
      const holder = readHolder(turn)
      if (holder && !isAlive(holder)) unlinkIfThere(turn)
    }
    sleep(10)
    refuseIfHeld(folder, path)
  }
  throw new Error(`Could not take the lock ${path}. If no other process uses ${folder}, delete it and start again.`)
}

/**
 * A process killed during its turn leaves the turn behind, and of two that clear it away one may clear the other's fresh
 * one: then both come here. Whoever came later has replaced the lock by now, and has it.
 */
function settle(folder: string, path: string, own: Holder) {
  sleep(settleMs)
  const holder = readHolder(path)
  if (!isSame(holder, own)) throw new FolderInUse(folder, holder ?? nobody)
}

function createLock(path: string, holder: Holder): boolean {
  try {
    // Readable for all: whoever comes second, under whichever user, is told who holds it.
    const file = openSync(path, 'wx', 0o644)
    try {
      writeSync(file, JSON.stringify(holder))
    } finally {
      closeSync(file)
    }
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

/** Null when the file is gone. A file being written, or cut off by a crash, is nobody's once it is a second old. */
function readHolder(path: string): Holder | null {
  for (;;) {
    try {
      const { pid, processStart, since, program } = JSON.parse(readFileSync(path, 'utf8')) ?? {}
      return Number.isInteger(pid)
        ? { pid, processStart: String(processStart), since: String(since), program: String(program) }
        : nobody
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return null
      if (!(error instanceof SyntaxError)) throw error
      const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: 0 }
      if (Date.now() - mtimeMs > 1000) return nobody
      sleep(5)
    }
  }
}

function isAlive({ pid, processStart }: Holder): boolean {
  if (pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives, under another user.
    if (!hasCode(error, 'EPERM')) return false
  }
  const now = processState(pid)
  if (now === null || processStart === '') return true
  // A pid is reused: in containers, after a restart, nearly always. The start time tells the two apart.
  // A zombie is dead, though nobody has asked for its exit code: usual under a container's first process.
  return now.start === processStart && now.state !== 'Z'
}

/** Boot, start time and state as Linux tells them; null elsewhere, where the pid alone has to do. */
function processState(pid: number): { start: string; state: string } | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // From field 3 on, counted after the program's name, which may hold spaces and brackets; 22 is the start.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { start: `${boot}:${fields[19]}`, state: fields[0] ?? '' }
  } catch {
    return null
  }
}

function isSame(a: Holder | null, b: Holder): boolean {
  return a?.pid === b.pid && a.processStart === b.processStart && a.since === b.since
}

function unlinkIfThere(path: string) {
  try {
    unlinkSync(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}

const sleep = (milliseconds: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
const hasCode = (error: unknown, code: string) => error instanceof Error && 'code' in error && error.code === code
