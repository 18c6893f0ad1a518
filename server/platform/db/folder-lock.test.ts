import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import Fastify from 'fastify'
import { afterAll, describe, expect, it } from 'vitest'
import { testEnvironment } from '../../test/app.ts'
import { onPostgres } from '../../test/database.ts'
import { copyMigratedFolder } from '../../test/migrated-data-dir.ts'
import { type Program, programPath, ServerProcess } from '../../test/server-process.ts'
import { until } from '../../test/until.ts'
import { packageFolder } from '../config/package-folder.ts'
import { FolderInUse, lockFolder } from './folder-lock.ts'
import { openPglite } from './pglite-driver.ts'

const root = mkdtempSync(join(tmpdir(), 'plinth-lock-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let made = 0
const newFolder = () => join(root, String(++made), 'db')
function newMigratedFolder(): string {
  const folder = newFolder()
  copyMigratedFolder(folder)
  return folder
}
const child = (program: Program, ...args: string[]) => new ServerProcess({}, program, args)
const serve = (folder: string) => new ServerProcess(testEnvironment({ PORT: '0', DATABASE_URL: `pglite://${folder}` }))
const lines = ({ stdout }: ServerProcess) => stdout.split('\n').slice(0, -1)

const migrations = join(packageFolder, 'migrations')
const running = new AbortController().signal
async function openedHere(folder: string) {
  const driver = openPglite(folder, Fastify().log)
  await driver.migrate(migrations, running)
  return driver
}
async function journalOf(folder: string): Promise<number[]> {
  const { db, close } = await openedHere(folder)
  const { rows } = (await db.execute(sql`select n from journal order by n`)) as unknown as { rows: { n: number }[] }
  await close()
  return rows.map(({ n }) => n)
}

// Once is enough: whether the other tests run on Postgres makes no difference here.
describe.skipIf(onPostgres)('a folder in use', () => {
  it('is refused to a second server, which opens nothing, names the holder and ends at once', async () => {
    const folder = newMigratedFolder()
    const first = serve(folder)
    await first.ready()
    const lock = readFileSync(`${folder}.lock`, 'utf8')
    const second = serve(folder)
    // The first one runs on: this waits for nothing that it does.
    expect(await second.exited).toMatchObject({ code: 75, signal: null })
    expect(second.stderr).toContain(`The database folder ${folder} is in use by process ${first.pid} (`)
    expect(second.stderr).toMatch(/Stop that process first/)
    // Each opening of a folder writes a line, and so does listening.
    expect(first.logs.map(({ msg }) => msg)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^embedded database/), expect.stringMatching(/listening/)]),
    )
    expect(second.stdout).toBe('')
    expect(readFileSync(`${folder}.lock`, 'utf8')).toBe(lock)
    expect((await first.get('/health')).status).toBe(200)
    expect(await first.kill('SIGTERM')).toMatchObject({ code: 0 })
  })

  it('is refused to the same process as well, and free again after a close', async () => {
    const folder = newMigratedFolder()
    const first = openPglite(folder, Fastify().log)
    expect(() => openPglite(folder, Fastify().log)).toThrow(FolderInUse)
    await first.close()
    expect(existsSync(`${folder}.lock`)).toBe(false)
    await (await openedHere(folder)).close()
    expect(readdirSync(join(folder, '..'))).toEqual(['db'])
  })

  it('is the same folder by whichever link it is reached', async () => {
    const folder = newFolder()
    mkdirSync(folder, { recursive: true })
    symlinkSync(folder, join(root, 'link-to-folder'))
    symlinkSync(join(folder, '..'), join(root, 'link-to-parent'))
    const { release } = lockFolder(folder)
    expect(() => lockFolder(join(root, 'link-to-folder'))).toThrow(FolderInUse)
    expect(() => lockFolder(join(root, 'link-to-parent', 'db'))).toThrow(FolderInUse)
    release()
    lockFolder(join(root, 'link-to-folder')).release()
  })

  it('keeps the lock that another process made since, when released late or twice', async () => {
    const folder = newFolder()
    const { release } = lockFolder(folder)
    release()
    const other = { pid: process.pid, processStart: 'other', since: 'now', program: 'other' }
    writeFileSync(`${folder}.lock`, JSON.stringify(other))
    release()
    expect(JSON.parse(readFileSync(`${folder}.lock`, 'utf8'))).toEqual(other)
  })
})

describe.skipIf(onPostgres)('a lock whose holder is gone', () => {
  it('opens again after kill -9 with everything that was acknowledged', async () => {
    const folder = newMigratedFolder()
    const acknowledged: number[] = []
    for (let round = 1; round <= 3; round++) {
      const writer = child('folder-writer-child', folder)
      await until('50 rows acknowledged', () => lines(writer).length >= 50)
      await writer.kill('SIGKILL')
      acknowledged.push(...lines(writer).map(Number))
      expect(existsSync(`${folder}.lock`)).toBe(true)
    }
    const stored = await journalOf(folder)
    expect(stored).toEqual(expect.arrayContaining(acknowledged))
    // One more may have been stored in each round than could be said.
    expect(stored.length - acknowledged.length).toBeLessThanOrEqual(3)
    expect(stored).toEqual(stored.map((_, at) => at + 1))
  })

  it('is not kept by another process that got the same pid', async () => {
    const folder = newFolder()
    const alive = spawn('sleep', ['60'])
    const stale = { processStart: 'another-boot:1234', since: '2020-01-01T00:00:00.000Z', program: 'gone' }
    mkdirSync(join(folder, '..'))
    for (const pid of [alive.pid, process.pid, 1]) {
      writeFileSync(`${folder}.lock`, JSON.stringify({ ...stale, pid }))
      lockFolder(folder).release()
    }
    alive.kill()
    await once(alive, 'exit')
  })

  it('is not kept by a zombie', async () => {
    const folder = newFolder()
    // The shell becomes a `sleep`, which never asks how the child that held the lock has ended.
    const script = `"${process.execPath}" "$0" "$1" & exec sleep 60`
    const parent = spawn('sh', ['-c', script, programPath('folder-lock-child'), folder])
    mkdirSync(join(folder, '..'))
    writeFileSync(`${folder}-0.go`, '')
    const { pid } = await until('the child holds it', () => JSON.parse(readFileSync(`${folder}-0.lock`, 'utf8')))
    process.kill(pid, 'SIGKILL')
    await until('the child is a zombie', () => /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')))
    lockFolder(`${folder}-0`).release()
    parent.kill('SIGKILL')
    await once(parent, 'exit')
  })

  it.each([
    ['empty', ''],
    ['cut off', '{"pid":12'],
    ['nothing that a lock could say', 'null'],
  ])('is taken when its file is %s', (_, content) => {
    const folder = newFolder()
    mkdirSync(join(folder, '..'))
    writeFileSync(`${folder}.lock`, content)
    execFileSync('touch', ['-d', '2 seconds ago', `${folder}.lock`])
    lockFolder(folder).release()
    expect(existsSync(`${folder}.lock`)).toBe(false)
  })

  it('goes to exactly one of twenty that race for it, round after round', async () => {
    const folder = newFolder()
    mkdirSync(join(folder, '..'))
    const rounds = 30
    const dead = JSON.stringify({ pid: 2 ** 22, processStart: 'x', since: '', program: '' })
    for (let round = 0; round < rounds; round++) {
      writeFileSync(`${folder}-${round}.lock`, dead)
      // In every other round somebody was killed in the middle of taking it over as well.
      if (round % 2) writeFileSync(`${folder}-${round}.lock.turn`, dead)
      execFileSync('mkfifo', [`${folder}-${round}.go`])
    }
    const racers = Array.from({ length: 20 }, () => child('folder-lock-child', folder, String(rounds)))
    await until('every racer waits', () => racers.every((racer) => lines(racer).length === 1))
    for (let round = 0; round < rounds; round++) {
      // Opening the pipe starts all that wait for it in one moment; those that come later do not wait while it is open.
      const go = await open(`${folder}-${round}.go`, 'w')
      await until('every racer has answered', () => racers.every((racer) => lines(racer).length === round + 2))
      const answers = racers.map((racer) => lines(racer).at(-1))
      const winners = racers.filter((_, at) => answers[at] === 'held')
      expect(winners, answers.join('\n')).toHaveLength(1)
      for (const answer of answers.filter((each) => each !== 'held')) {
        expect(answer).toContain(`in use by process ${winners[0]?.pid} `)
      }
      await go.close()
    }
    // Nobody left a turn behind.
    expect(readdirSync(join(folder, '..')).filter((name) => name.endsWith('.turn'))).toEqual([])
    await Promise.all(racers.map((racer) => racer.kill('SIGKILL')))
  })
})

describe.skipIf(onPostgres)('a half-made folder', () => {
  it('is made anew, and what was half made is cleared away', async () => {
    const folder = newFolder()
    mkdirSync(`${folder}.making/base`, { recursive: true })
    writeFileSync(`${folder}.making/PG_VERSION`, '17')
    mkdirSync(folder)
    await (await openedHere(folder)).close()
    expect(readdirSync(join(folder, '..'))).toEqual(['db'])
    expect(existsSync(join(folder, 'PG_VERSION'))).toBe(true)
  })

  it('does not come from a kill -9 at any moment of the first start', async () => {
    const folder = newFolder()
    let ready = false
    for (let stage = 0; stage < 4; stage++) {
      const writer = child('folder-writer-child', folder)
      // Each round dies a little later: lock, half-made files, the finished folder, the first row.
      const reached = [
        () => existsSync(`${folder}.lock`),
        () => existsSync(`${folder}.making`),
        () => existsSync(folder),
        () => lines(writer).length > 0,
      ][stage] as () => boolean
      await until(`stage ${stage}`, reached)
      ready = lines(writer).length > 0
      await writer.kill('SIGKILL')
    }
    expect(ready).toBe(true)
    expect((await journalOf(folder))[0]).toBe(1)
  })
})
