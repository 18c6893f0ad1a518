/** Commands while a server has the embedded database open: they ask it, by the file beside the folder. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testEnvironment } from '../server/test/app.ts'
import { CommandLine } from '../server/test/command-line.ts'
import { onPostgres } from '../server/test/database.ts'
import { copyMigratedFolder } from '../server/test/migrated-data-dir.ts'
import { ServerProcess } from '../server/test/server-process.ts'

const scratch = mkdtempSync(join(tmpdir(), 'plinth-operator-'))
const folder = join(scratch, 'db')
const path = `${folder}.operator`
const environment = testEnvironment({ DATABASE_URL: `pglite://${folder}`, PORT: '0' })
const line = new CommandLine(environment)
const fileNow = () => JSON.parse(readFileSync(path, 'utf8'))

describe.skipIf(onPostgres)('while a server has the embedded database open', () => {
  let server: ServerProcess
  let token = ''
  beforeAll(async () => {
    copyMigratedFolder(folder)
    server = new ServerProcess(environment)
    await server.ready()
    token = fileNow().token
  })
  afterAll(async () => {
    await server.kill('SIGKILL')
    rmSync(scratch, { recursive: true, force: true })
  })
  const call = (headers: Record<string, string>, procedure = 'people.list') =>
    server.origin().then((origin) => fetch(`${origin}/trpc/${procedure}`, { headers }))
  /** With the file changed, and as it was again. */
  const withFile = async <T>(change: (text: string) => string, task: () => Promise<T>): Promise<T> => {
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, change(text))
    try {
      return await task()
    } finally {
      writeFileSync(path, text)
    }
  }

  it('only its owner can read the file', () => {
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(fileNow()).toMatchObject({ pid: server.pid, origin: environment.PUBLIC_URL })
  })

  it('commands work as without a server, and are recorded the same: without a user, from cli', async () => {
    const seeded = await line.run(['seed', '--json'])
    expect(seeded).toMatchObject({ code: 0, err: '' })
    expect(await line.run(['people', 'role', 'viewer@plinth.local', 'user'])).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringMatching(/Demo viewer .* user +active/),
    })
    expect(await line.run(['people', 'sessions', 'viewer@plinth.local'])).toMatchObject({ code: 0 })
    const { out } = await line.run(['audit', 'list', '--json', '--limit', '4'])
    const records = JSON.parse(out).items
    expect(records.map(({ action }: { action: string }) => action)).toEqual([
      'people.changeRole',
      'people.seed',
      'people.seed',
      'people.seed',
    ])
    for (const record of records) expect(record).toMatchObject({ actorId: null, ip: 'cli' })
  })

  it('what a command is refused is said as without a server', async () => {
    expect(await line.run(['people', 'disable', 'nobody'])).toMatchObject({
      code: 65,
      err: expect.stringMatching(/No user has the name "nobody"/),
    })
    expect(await line.run(['people', 'list', '--limit', '1000'])).toMatchObject({
      code: 64,
      err: expect.stringMatching(/limit: /),
    })
    expect(await line.run(['people', 'disable', 'admin@plinth.local'])).toMatchObject({
      code: 65,
      err: expect.stringMatching(/last administrator/),
    })
  })

  it('doctor gets from the server what only the server can see', async () => {
    const { out } = await line.run(['doctor', '--json'])
    const of = (name: string) =>
      JSON.parse(out).findings.find(({ check }: { check: string }) => check === name) as { state: string; says: string }
    expect(of('database')).toMatchObject({ state: 'ok', says: expect.stringContaining(`process ${server.pid}`) })
    expect(of('mail queue')).toMatchObject({ state: 'ok', says: expect.stringMatching(/^0 waiting/) })
    expect(of('server')).toMatchObject({ state: 'ok', says: expect.stringMatching(/^Ready, at http:/) })
  })

  it.each(['export', 'import'])(
    '%s needs exclusive access to the database, and names the process that has it and what to do',
    async (command) => {
      const file = join(scratch, `${command}.ndjson`)
      writeFileSync(file, `${JSON.stringify({ format: 'plinth-export', version: 1, migration: 'x', tables: [] })}\n`)
      expect(await line.run([command, file])).toMatchObject({
        code: 69,
        err: expect.stringMatching(new RegExp(`process ${server.pid} .*\\n.*Stop the server where you started it`)),
      })
    },
  )

  it('the token is good for a peer on this machine, and never through a proxy', async () => {
    const authorization = `Bearer ${token}`
    expect((await call({ authorization })).status).toBe(200)
    for (const header of [
      'x-forwarded-for',
      'x-forwarded-proto',
      'forwarded',
      'via',
      'x-real-ip',
      'cf-connecting-ip',
    ]) {
      expect([header, (await call({ authorization, [header]: '127.0.0.1' })).status]).toEqual([header, 401])
    }
    expect((await call({ authorization: `${authorization.slice(0, -1)}_` })).status).toBe(401)
    expect((await call({ authorization: 'Bearer plinth_operator_' })).status).toBe(401)
  })

  it('a file with another token is refused by the server, which says so', async () => {
    const wrong = (text: string) => text.replace(token, `plinth_operator_${'x'.repeat(43)}`)
    const { code, err } = await withFile(wrong, () => line.run(['people', 'list']))
    expect({ code, err }).toMatchObject({ code: 69, err: expect.stringMatching(/stopping or starting/) })
  })

  it.each([
    ['that others may read', 0o644, /may be read or written by other users/],
    ['that others may write', 0o620, /may be read or written by other users/],
  ])('a file %s is not used', async (_what, mode, said) => {
    chmodSync(path, mode)
    const { code, out, err } = await line.run(['people', 'list'])
    chmodSync(path, 0o600)
    expect({ code, out }).toEqual({ code: 78, out: '' })
    expect(err).toMatch(said)
  })

  it.each([
    ['no file of a server', () => '{}', 78, /is not what a server writes/],
    [
      'a file of a process that is gone',
      (text: string) => text.replace(/"pid":\d+/, '"pid":1'),
      69,
      /in use by process/,
    ],
    [
      'a file that leads off this machine',
      (text: string) => text.replace(/http:[^"]+:\d+"/, 'http://192.0.2.1:80"'),
      78,
      /is not what a server writes/,
    ],
  ])('%s is not followed', async (_what, change, code, said) => {
    expect(await withFile(change, () => line.run(['people', 'list']))).toMatchObject({
      code,
      err: expect.stringMatching(said),
    })
  })

  it('where nothing listens any more, that is what is said', async () => {
    const elsewhere = (text: string) => text.replace(/"url":"[^"]+"/, '"url":"http://127.0.0.1:9"')
    expect(await withFile(elsewhere, () => line.run(['people', 'list']))).toMatchObject({
      code: 69,
      err: expect.stringMatching(/stopping or starting/),
    })
  })

  it('no token was written to the log', () => {
    expect(server.stdout + server.stderr).not.toContain(token)
    expect(server.stdout).not.toMatch(/plinth_operator_/)
  })

  it('a killed server leaves a file that does not prevent the next start; a stopped one leaves none', async () => {
    await server.kill('SIGKILL')
    expect(existsSync(path)).toBe(true)
    expect(await line.run(['people', 'list'])).toMatchObject({ code: 0, err: '' })
    server = new ServerProcess(environment)
    await server.ready()
    expect(fileNow().token).not.toBe(token)
    expect((await call({ authorization: `Bearer ${token}` })).status).toBe(401)
    expect(await server.kill('SIGTERM')).toMatchObject({ code: 0 })
    expect(existsSync(path)).toBe(false)
    expect(await line.run(['people', 'list'])).toMatchObject({ code: 0, err: '' })
  })
})
