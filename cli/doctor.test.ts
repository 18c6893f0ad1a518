/** `plinth doctor` as an operator needs it: when something is broken. */
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { afterAll, describe, expect, it } from 'vitest'
import { freePort } from '../dev/free-port.ts'
import { CommandLine } from '../server/test/command-line.ts'
import { onPostgres } from '../server/test/database.ts'
import { startOpenIdProvider } from '../server/test/openid-provider.ts'
import { TestSmtpServer } from '../server/test/smtp-server.ts'
import { inspectClock } from './doctor/database.ts'
import { inspectFolder } from './doctor/folders.ts'
import { inspectNode } from './doctor/runtime.ts'

const provider = await startOpenIdProvider()
afterAll(() => provider.close())
const line = await CommandLine.create()
/** Nothing listens there, and nothing that other tests start ever will. */
const closedPort = 2
/** Of the server, which does not run. */
const around = { GOOGLE_ISSUER: provider.issuer, PORT: String(await freePort()) }
Object.assign(line.environment, around)

interface Found {
  check: string
  state: string
  says: string
}

async function examine(set: Record<string, unknown> = {}, at = line) {
  const { code, out, err } = await at.run(['doctor', '--json'], set)
  expect(err).toBe('')
  const findings = JSON.parse(out).findings as Found[]
  const of = (check: string) => findings.filter((found) => found.check === check)
  return { code, findings, of, one: (check: string) => of(check)[0] }
}

describe('without a provider', () => {
  it('reports no fault of Google where it is not configured', async () => {
    const none = { REAL_AUTH_PROVIDER: 'none', GOOGLE_CLIENT_ID: '', GOOGLE_CLIENT_SECRET: '' }
    const { code, of } = await examine({ ...none, GOOGLE_ISSUER: `http://127.0.0.1:${closedPort}` })
    expect(of('settings')).toMatchObject([{ state: 'ok' }])
    expect(of('google')).toEqual([])
    expect(code).toBe(0)
  })
})

describe('with all well', () => {
  it('exits with 0 after every check', async () => {
    await line.withDatabase(async () => {})
    const { code, findings } = await examine()
    expect(code).toBe(0)
    expect(findings.filter(({ state }) => state === 'fault')).toEqual([])
    const checks = [
      'node',
      'settings',
      'database',
      'clock',
      'migrations',
      'mail queue',
      'public url',
      'server',
      'mail',
      'google',
      'storage',
    ]
    const more = onPostgres ? ['connections', 'notices'] : ['disk']
    expect([...new Set(findings.map(({ check }) => check))].sort()).toEqual([...checks, ...more].sort())
    const states = Object.fromEntries(findings.map(({ check, state }) => [check, state]))
    expect(states).toMatchObject({
      // How soon it answers is this machine's affair.
      database: expect.stringMatching(/ok|warning/),
      clock: 'ok',
      migrations: 'ok',
      mail: 'ok',
      google: 'ok',
      server: 'warning',
    })
    if (onPostgres) expect(states.notices).toBe('ok')
  })

  it('prints a table unless JSON is requested', async () => {
    const { out, err } = await line.run(['doctor'])
    expect(out).toMatch(/^CHECK +STATE +WHAT IS SO\nnode +ok +Node \d+/)
    expect(err).toMatch(/At fault: 0\. Warnings: \d+\./)
  })

  it('changes nothing: no database is made by looking', async () => {
    const empty = await CommandLine.create({ empty: true })
    const { one } = await examine(around, empty)
    if (onPostgres)
      expect(one('migrations')).toMatchObject({ state: 'warning', says: expect.stringMatching(/^Pending: 0000_/) })
    else expect(one('database')).toMatchObject({ state: 'warning', says: expect.stringMatching(/^Not there yet/) })
    expect((await empty.run(['migrate', '--check'])).code).toBe(65)
  })
})

describe('with something broken', () => {
  it('names every invalid setting at once, without its value, and checks the rest', async () => {
    const { code, of, one, findings } = await examine({
      COOKIE_SECRET: 'hunter2-hunter2',
      PORT: 'many',
      SMTP_URL: 'smtp://ada:swordfish@',
      PUBLIC_URL: '',
    })
    expect(code).toBe(78)
    expect(
      of('settings')
        .map(({ says }) => says.split(' ')[0])
        .sort(),
    ).toEqual(['COOKIE_SECRET', 'MAIL_FROM', 'PORT', 'PUBLIC_URL', 'SMTP_URL'])
    expect(JSON.stringify(findings)).not.toMatch(/hunter2|swordfish|many/)
    expect(one('database')?.says).toMatch(/answers in/)
    expect(one('mail')).toMatchObject({
      state: 'skipped',
      says: expect.stringMatching(/SMTP_URL, MAIL_FROM is at fault/),
    })
    expect(one('server')).toMatchObject({ state: 'skipped' })
  })

  it('without any settings names those that are required, and still looks around', async () => {
    const { code, of, one } = await examine({}, new CommandLine({}))
    expect(code).toBe(78)
    expect(of('settings').length).toBe(7)
    expect(one('database')).toMatchObject({ state: 'skipped' })
    expect(one('storage')).toMatchObject({ state: 'ok' })
  })

  it.each([
    ['nobody listens', 'postgres://plinth@127.0.0.1:9/plinth', /Nothing listens at the host and port/],
    ['the host has no address', 'postgres://plinth@nowhere.invalid/plinth', /has no address|cannot be looked up/],
    ['the folder is none of a database', `pglite://${import.meta.dirname}`, /is not a database folder/],
  ])('says why there is no database: %s', async (_why, DATABASE_URL, said) => {
    const { code, one } = await examine({ DATABASE_URL })
    expect(code).toBe(65)
    expect(one('database')).toMatchObject({ state: 'fault', says: expect.stringMatching(said) })
    expect(one('mail')).toMatchObject({ state: 'ok' })
  })

  it('reports a host that accepts a connection and does not answer', async () => {
    const mute = createTcpServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => mute.once('listening', resolve))
    try {
      const { one } = await examine({
        DATABASE_URL: `postgres://plinth@127.0.0.1:${(mute.address() as AddressInfo).port}/plinth`,
      })
      expect(one('database')?.says).toMatch(/does not answer/)
    } finally {
      mute.close()
    }
  })

  it.runIf(onPostgres)('says that there is no such database', async () => {
    const url = new URL(line.environment.DATABASE_URL ?? '')
    url.pathname = '/there_is_none_of_this_name'
    const { one } = await examine({ DATABASE_URL: url.href })
    expect(one('database')).toMatchObject({
      state: 'fault',
      says: expect.stringMatching(/There is no database of the name/),
    })
  })

  it('reports that mail cannot be sent, and why, without the password', async () => {
    const smtp = await TestSmtpServer.start({ authOptional: false })
    const mail = (user: string, port = smtp.port) => ({
      SMTP_URL: `smtp://${user}@127.0.0.1:${port}`,
      MAIL_FROM: 'Plinth <plinth@example.org>',
    })
    try {
      expect((await examine(mail('ada:right'))).one('mail')).toMatchObject({ state: 'ok' })
      expect(smtp.received).toEqual([])
      smtp.refuse = (step) => (step === 'auth' ? { code: 535, words: 'no' } : undefined)
      const refused = await examine(mail('ada:swordfish'))
      expect(refused.code).toBe(65)
      expect(refused.one('mail')).toMatchObject({ state: 'fault', says: expect.stringMatching(/535/) })
      expect(JSON.stringify(refused.findings)).not.toMatch(/swordfish/)
      expect((await examine(mail('ada:right', closedPort))).one('mail')).toMatchObject({
        state: 'fault',
        says: expect.stringMatching(/ECONNREFUSED/),
      })
    } finally {
      await smtp.close()
    }
  })

  it('reports the mails that wait in the queue', async () => {
    await line.withDatabase(async (db) => {
      await db.execute(`insert into mails (id, recipient, template, values, created_at, attempts, last_fault) values
        (gen_random_uuid(), 'ada@example.org', 'password-changed', '{}', now() - interval '1 hour', 3, 'RCPT TO answered 450')`)
    })
    const { one } = await examine()
    expect(one('mail queue')).toMatchObject({
      state: 'warning',
      says: expect.stringMatching(/1 waiting \(1 tried in vain\).*1 for more than ten minutes.*RCPT TO answered 450/),
    })
    expect(one('mail queue')?.says).not.toContain('ada@')
    await line.withDatabase(async (db) => void (await db.execute('delete from mails')))
  })

  it('names the issuers that cannot be reached', async () => {
    const empty = createServer((_request, answer) => answer.end('<html>')).listen(0, '127.0.0.1')
    const at = () => `http://127.0.0.1:${(empty.address() as AddressInfo).port}`
    await new Promise((resolve) => empty.once('listening', resolve))
    try {
      const { code, one } = await examine({
        GOOGLE_ISSUER: `http://127.0.0.1:${closedPort}`,
        CLERK_ISSUER: at(),
        CLERK_AUTHORIZED_PARTIES: 'http://localhost:8000',
        BETTER_AUTH_URL: provider.issuer,
      })
      expect(code).toBe(65)
      expect(one('google')).toMatchObject({
        state: 'fault',
        says: expect.stringMatching(/ECONNREFUSED.*no user can sign in with Google/),
      })
      expect(one('clerk')).toMatchObject({ state: 'fault', says: expect.stringMatching(/CLERK_ISSUER cannot be had/) })
      expect(one('better auth')).toMatchObject({ state: 'fault', says: expect.stringMatching(/BETTER_AUTH_URL/) })
    } finally {
      empty.close()
    }
  })

  it('reports that Redis cannot be reached', async () => {
    const { one } = await examine({ REDIS_URL: 'redis://:swordfish@127.0.0.1:9' })
    if (onPostgres) expect(one('redis')).toMatchObject({ state: 'fault', says: expect.stringMatching(/ECONNREFUSED/) })
    else expect(one('redis')).toMatchObject({ state: 'warning' })
    expect(one('redis')?.says).not.toContain('swordfish')
  })
})

it.each([
  [100, 1, 'ok'],
  [-1500, 1, 'ok'],
  [5_000, 1, 'warning'],
  [5_000, 4_000, 'ok'],
  [-45_000, 10, 'fault'],
])('a clock that is %i ms behind, give or take %i, is %s', (ms, errorMs, state) => {
  expect(inspectClock('postgres', { ms, errorMs })).toMatchObject({ check: 'clock', state })
})

it('an old Node and a folder that cannot be written to are told of', () => {
  expect(inspectNode('22.11.0')).toMatchObject({ state: 'fault', says: expect.stringMatching(/install Node 24/) })
  expect(inspectFolder('storage', import.meta.filename, 'Of uploads.')).toMatchObject({
    state: 'fault',
    says: expect.stringMatching(/is a file/),
  })
})
