/** The program itself, as an operator meets it. */
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { testEnvironment } from './test/app.ts'
import { onPostgres } from './test/database.ts'
import { ServerProcess } from './test/server-process.ts'
import { until } from './test/until.ts'

const folder = mkdtempSync(join(tmpdir(), 'plinth-main-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const environment = (overrides: Record<string, string | undefined> = {}) => ({
  ...testEnvironment({ PORT: '0' }),
  ...overrides,
})

describe('a start that cannot be', () => {
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
    const server = new ServerProcess(environment({ PORT: String(port), LOG_LEVEL: 'error' }))
    expect(await server.exited).toMatchObject({ code: 75 })
    expect(server.stderr).toBe(`Port ${port} on 127.0.0.1 is in use. Stop what uses it, or set PORT.\n`)
    expect(server.stdout).toBe('')
    other.close()
  })

  it('on an address that is not of this machine ends with 78 and a sentence that names it', async () => {
    const server = new ServerProcess(environment({ HOST: '192.0.2.1', LOG_LEVEL: 'error' }))
    expect(await server.exited).toMatchObject({ code: 78 })
    expect(server.stderr).toBe('This machine has no address 192.0.2.1. Set HOST to one it has.\n')
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

describe.skipIf(onPostgres)('with the embedded database', () => {
  it('starts, starts again sooner than initdb would let it, and ends with 0 when told to', async () => {
    const path = join(folder, 'data', 'db')
    const DATABASE_URL = `pglite://${path}`
    const times: number[] = []
    for (const _ of ['first', 'second']) {
      const server = new ServerProcess(environment({ DATABASE_URL }))
      times.push(Math.round(await server.ready()))
      expect((await server.get('/health')).body).toMatchObject({ status: 'healthy', database: 'connected' })
      expect(await server.kill('SIGTERM')).toMatchObject({ code: 0, signal: null })
      expect(server.errorLogs).toEqual([])
      expect(server.stderr).toBe('')
    }
    process.stdout.write(`ready after ${times.join(' ms, then ')} ms\n`)
    // initdb alone takes 4 to 8 s where a whole start takes 3; the limit leaves room for a busy machine.
    for (const time of times) expect(time).toBeLessThan(12_000)
  }, 40_000)

  it.each([
    ['it still opens its database', (path: string) => existsSync(`${path}.making`)],
    ['it is not listening yet', (path: string) => existsSync(`${path}.lock`)],
  ])('ends with 0 when told to while %s', async (when, reached) => {
    const path = join(folder, when, 'db')
    const server = new ServerProcess(environment({ DATABASE_URL: `pglite://${path}` }))
    await until(when, () => reached(path))
    expect(await server.kill('SIGTERM')).toMatchObject({ code: 0, signal: null })
    expect(server.errorLogs).toEqual([])
    expect(existsSync(`${path}.lock`)).toBe(false)
  })
})
