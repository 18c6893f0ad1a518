/** The program itself, as an operator meets it. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, inject, it } from 'vitest'
import { testEnvironment } from './test/app.ts'
import { onPostgres } from './test/database.ts'
import { copyMigratedFolder } from './test/migrated-data-dir.ts'
import { ServerProcess } from './test/server-process.ts'
import { until } from './test/until.ts'

const folder = mkdtempSync(join(tmpdir(), 'plinth-main-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const environment = (overrides: Record<string, string | undefined> = {}) => ({
  ...testEnvironment({ PORT: '0' }),
  ...overrides,
})
/** Nothing answers there: a server listens all the same. */
const DATABASE_URL = 'postgres://plinth@127.0.0.1:9/plinth'

/** A module that makes this Node look like an older one. */
const olderNode = `data:text/javascript,${encodeURIComponent(`
  Object.defineProperty(process.versions, 'node', { value: '20.20.2' })
  Object.defineProperty(process, 'version', { value: 'v20.20.2' })`)}`

describe('a start that cannot be', () => {
  it.each(['main.js', 'plinth.js'])(
    'of %s on an older Node ends with 1 and says which version it needs',
    async (program) => {
      const args = ['--import', olderNode, join(inject('builtPrograms'), program)]
      const ended = await promisify(execFile)(process.execPath, args).catch((error: unknown) => error)
      expect(ended).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(/^Plinth needs Node 24 [^\n]*\n$/),
      })
    },
  )

  it('without settings ends with 78 and one message that names them all', async () => {
    const server = new ServerProcess({})
    expect(await server.exited).toMatchObject({ code: 78, signal: null })
    expect(server.stdout).toBe('')
    const named = [...server.stderr.matchAll(/^ {2}([A-Z_]+) /gm)].map(([, name]) => name)
    expect(named.toSorted()).toEqual([
      'COOKIE_SECRET',
      'DATABASE_URL',
      'GOOGLE_CLIENT_ID',
      'GOOGLE_CLIENT_SECRET',
      'JWT_ACCESS_SECRET',
      'JWT_REFRESH_SECRET',
      'PUBLIC_URL',
    ])
    expect(server.stderr).not.toMatch(/\n {4}at /)
  })

  it('on a port in use ends with 75 and a sentence that names it', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const server = new ServerProcess(environment({ DATABASE_URL, PORT: String(port), LOG_LEVEL: 'error' }))
    expect(await server.exited).toMatchObject({ code: 75 })
    expect(server.stderr).toBe(`Port ${port} on 127.0.0.1 is in use. Stop what uses it, or set PORT.\n`)
    expect(server.stdout).toBe('')
    other.close()
  })

  it('on an address that is not of this machine ends with 78 and a sentence that names it', async () => {
    const server = new ServerProcess(environment({ DATABASE_URL, HOST: '192.0.2.1', LOG_LEVEL: 'error' }))
    expect(await server.exited).toMatchObject({ code: 78 })
    expect(server.stderr).toBe('This machine has no address 192.0.2.1. Set HOST to one it has.\n')
  })

  it.each([
    // Nobody makes a file there, not even root.
    ['/sys', /^\/sys\/db\.lock may not be written by this user\. Give the user the folder/],
    ['a file', /photo\.jpg is a file, where a folder has to be\. Name another folder in DATABASE_URL\.$/m],
  ])('in a folder that cannot be made in %s ends with 78 and says what to do', async (place, message) => {
    const file = join(folder, 'photo.jpg')
    writeFileSync(file, 'x')
    const path = join(place === 'a file' ? file : place, 'db')
    const server = new ServerProcess(environment({ DATABASE_URL: `pglite://${path}` }))
    expect(await server.exited).toMatchObject({ code: 78 })
    rmSync(file)
    expect(server.stderr).toMatch(message)
    expect(server.stderr).not.toMatch(/\n {4}at /)
  })

  it('in a folder that is no database ends with 78 and leaves the folder as it was', async () => {
    const path = join(folder, 'holiday')
    mkdirSync(path)
    writeFileSync(join(path, 'photo.jpg'), 'x')
    const server = new ServerProcess(environment({ DATABASE_URL: `pglite://${path}` }))
    expect(await server.exited).toMatchObject({ code: 78 })
    expect(server.stderr).toContain(`${path} is not a database folder`)
    expect(readdirSync(path)).toEqual(['photo.jpg'])
    expect(readdirSync(folder)).toEqual(['holiday'])
  })
})

/** An unknown path with a body that is wrong is answered in the form of all errors. */
async function expectErrorForm(origin: string) {
  for (const [type, status] of [
    ['application/json', 400],
    ['x', 415],
  ] as const) {
    const answer = await fetch(`${origin}/nowhere`, { method: 'POST', headers: { 'content-type': type }, body: '{' })
    expect(answer.status).toBe(status)
    expect(await answer.json()).toEqual({
      error: {
        code: expect.stringMatching(/^[A-Z_]+$/),
        message: expect.any(String),
        ...(status === 400 && { details: [{ field: '', message: expect.any(String) }] }),
      },
      requestId: expect.any(String),
    })
  }
}

async function expectRequestLines(server: ServerProcess, origin: string, stop: () => Promise<unknown>) {
  const ids = await Promise.all(
    Array.from({ length: 200 }, async () => (await fetch(`${origin}/api/v1/nothing`)).headers.get('x-request-id')),
  )
  await stop()
  const logged = new Set(server.logs.filter(({ msg }) => msg === 'request').map(({ reqId }) => reqId))
  expect(ids.filter((id) => !logged.has(id))).toEqual([])
  expect(server.stdout.endsWith('\n')).toBe(true)
}

describe.skipIf(onPostgres)('with the embedded database', () => {
  it('starts, starts again, and ends with 0 on SIGTERM, when a line for each request is written', async () => {
    const path = join(folder, 'data', 'db')
    for (const start of ['first', 'second']) {
      const server = new ServerProcess(environment({ DATABASE_URL: `pglite://${path}` }))
      await server.ready()
      expect((await server.get('/health')).body, start).toMatchObject({ status: 'healthy', database: 'connected' })
      const origin = await server.origin()
      await expectErrorForm(origin)
      await expectRequestLines(server, origin, async () => {
        expect(await server.kill('SIGTERM'), start).toMatchObject({ code: 0, signal: null })
      })
      expect(server.errorLogs).toEqual([])
      expect(server.stderr).toBe('')
      // initdb, which takes 4 to 8 s, gives each database an identifier of its own; a ready-made folder brings its own.
      expect(systemOf(path), start).toBe(systemOf(inject('migratedFolder')))
    }
  }, 120_000)

  it.each([
    ['it still opens its database', (path: string) => existsSync(`${path}.making`), () => {}],
    ['it is not listening yet', (path: string) => existsSync(`${path}.lock`), copyMigratedFolder],
  ])(
    'ends with 0 on SIGTERM while %s',
    async (when, reached, prepare) => {
      const path = join(folder, when, 'db')
      prepare(path)
      const server = new ServerProcess(environment({ DATABASE_URL: `pglite://${path}` }))
      await until(when, () => reached(path))
      expect(await server.kill('SIGTERM')).toMatchObject({ code: 0, signal: null })
      expect(server.errorLogs).toEqual([])
      expect(existsSync(`${path}.lock`)).toBe(false)
    },
    120_000,
  )
})

const systemOf = (path: string) => readFileSync(join(path, 'global', 'pg_control')).readBigUInt64LE()
