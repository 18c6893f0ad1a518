/**
 * One process per database folder. PGlite itself takes no lock, and two processes on one folder lose acknowledged rows.
 * The lock is a file beside the folder that names its holder. It is never taken from a live process; one whose
 * holder is gone (kill -9, power cut) is taken over, by one process only even if many try.
 */
import { closeSync, mkdirSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

type Holder = { pid: number; processStart: string; since: string; program: string }

export class FolderInUse extends Error {
  override name = 'FolderInUse'
  constructor(folder: string, { pid, since, program }: Holder) {
    super(
      `The database folder ${folder} is in use by process ${pid} (${program}, since ${since}).\n` +
        'Stop that process first, or name another folder in DATABASE_URL.',
    )
  }
}

/** @throws FolderInUse naming the holder. Synchronous, so that nothing else of a second process begins. */
export function lockFolder(folder: string): { release(): void } {
  const path = `${folder}.lock`
  mkdirSync(dirname(path), { recursive: true })
  const own: Holder = {
    pid: process.pid,
    processStart: processStart(process.pid) ?? '',
    since: new Date().toISOString(),
    program: process.argv.slice(1).join(' ').slice(-200),
  }
  if (!createLock(path, own)) {
    refuseIfHeld(folder, path)
    takeOver(folder, path, own)
  }
  const release = () => {
    process.off('exit', release)
    if (readHolder(path)?.pid === process.pid) unlinkSync(path)
  }
  process.on('exit', release)
  return { release }
}

function refuseIfHeld(folder: string, path: string) {
  const holder = readHolder(path)
  if (holder && isAlive(holder)) throw new FolderInUse(folder, holder)
}

/**
 * Between reading a dead holder and replacing it, another process may have done the same; a second file, itself made
 * exclusively, lets one of them in at a time. It is held for less than a millisecond.
 */
function takeOver(folder: string, path: string, own: Holder) {
  const turn = `${path}.turn`
  for (let attempt = 0; attempt < 40; attempt++) {
    if (createLock(turn, own)) {
      try {
        refuseIfHeld(folder, path)
        unlinkIfThere(path)
        if (createLock(path, own)) return
      } finally {
        unlinkIfThere(turn)
      }
    } else {
      const holder = readHolder(turn)
      if (holder && !isAlive(holder)) unlinkIfThere(turn)
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    refuseIfHeld(folder, path)
  }
  throw new Error(`Could not take the lock ${path}. If no other process uses ${folder}, delete it and start again.`)
}

function createLock(path: string, holder: Holder): boolean {
  try {
    const file = openSync(path, 'wx', 0o600)
    writeSync(file, JSON.stringify(holder))
    closeSync(file)
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
      return JSON.parse(readFileSync(path, 'utf8'))
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return null
      if (!(error instanceof SyntaxError)) throw error
      const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: 0 }
      if (Date.now() - mtimeMs > 1000) return { pid: 0, processStart: '', since: '', program: '' }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}

function isAlive({ pid, processStart: start }: Holder): boolean {
  if (pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives, under another user.
    return hasCode(error, 'EPERM')
  }
  // A pid is reused: in containers, after a restart, nearly always. The start time tells the two apart.
  const started = processStart(pid)
  return started === null || start === '' || started === start
}

/** Boot and start time as Linux tells them; null elsewhere, where the pid alone has to do. */
function processStart(pid: number): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Field 22, counted after the program's name, which may hold spaces and brackets.
    return `${boot}:${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch {
    return null
  }
}

function unlinkIfThere(path: string) {
  try {
    unlinkSync(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}

const hasCode = (error: unknown, code: string) => error instanceof Error && 'code' in error && error.code === code
