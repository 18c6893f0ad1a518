/** What the detector finds in its two files, and what it keeps to itself; nothing of this asks a server. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { CommandLine } from '../server/test/command-line.ts'

const scratch = mkdtempSync(join(tmpdir(), 'plinth-detect-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const line = new CommandLine({})
const [expectedPath, actualPath] = [join(scratch, 'expected.json'), join(scratch, 'actual.json')]

const resource = (state: unknown, more: object = {}) => ({ type: 'vm', id: 'web', provider: 'aws', state, ...more })

async function detect(expected: unknown, actual: unknown, words: string[] = [], environment = {}) {
  const textOf = (content: unknown) => (typeof content === 'string' ? content : JSON.stringify(content))
  writeFileSync(expectedPath, textOf(expected))
  writeFileSync(actualPath, textOf(actual))
  return line.run(['detect', expectedPath, actualPath, '--dry-run', ...words], environment)
}

/** Of two states of the one resource. */
async function between(expected: unknown, actual: unknown, words: string[] = [], environment = {}) {
  const found = await detect({ web: resource(expected) }, { web: resource(actual) }, ['--json', ...words], environment)
  return { ...found, drift: JSON.parse(found.out).drifts[0] }
}

describe('what has drifted', () => {
  it('is what differs as JSON, what is missing and what nobody meant to be there', async () => {
    const same = resource({ a: 1, b: { c: [1, null, 'x'], d: 0 } })
    const { code, out } = await detect(
      {
        same,
        changed: resource({ size: 2, tags: ['a', 'b'], gone: null }),
        missing: resource({}),
        void: resource(null),
      },
      {
        same: resource({ b: { d: -0, c: [1, null, 'x'] }, a: 1.0 }),
        changed: resource({ size: '2', tags: ['b', 'a'] }),
        unexpected: resource({ up: true }, { severity: 'low', region: 'eu' }),
      },
      ['--json'],
    )
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      drifts: [
        { externalId: 'changed', kind: 'changed', severity: 'medium', paths: ['size', 'tags.0', 'tags.1', 'gone'] },
        { externalId: 'missing', kind: 'missing', severity: 'high', expected: {}, actual: null },
        { externalId: 'unexpected', kind: 'unexpected', severity: 'low', expected: null, actual: { up: true } },
      ],
      resolved: [],
    })
    expect(JSON.parse(out).drifts).toHaveLength(3)
  })

  it('is shown as a table, on stdout alone, and is nothing where nothing differs', async () => {
    const states = [{ web: resource({ a: 1, b: 1, c: 1, d: 1, e: 1 }) }, { web: resource({}) }] as const
    const { code, out, err } = await detect(...states, ['--source', 'prod', '--severity', 'critical'])
    expect(code).toBe(1)
    expect(out).toMatch(/changed +critical +- +prod\/web +a, b, c and 2 more\n/)
    expect(err).toBe('Drifts found: 1. Nothing was sent.\n')
    expect(await detect(states[0], states[0])).toEqual({
      code: 0,
      out: '',
      err: 'Drifts found: 0. Nothing was sent.\n',
    })
  })

  it('has a name of its own in a list too: what it is given, or provider, type and id', async () => {
    const { out } = await detect(
      [resource({ a: 1 }), resource({ a: 1 }, { externalId: 'db' })],
      { 'aws/vm/web': resource({ a: 2 }), db: resource({ a: 2 }) },
      ['--json'],
    )
    expect(JSON.parse(out).drifts).toMatchObject([
      { externalId: 'aws/vm/web', kind: 'changed' },
      { externalId: 'db', kind: 'changed' },
    ])
  })
})

describe('secrets', () => {
  const secret = 'hunter2-and-more'
  const other = 'correct-horse'

  it.each([
    ['password', (value: string) => ({ password: value })],
    ['a word of a name', (value: string) => ({ DB_PASSWORDS: [value], apiKeys: { first: value }, ACCESSKEY: value })],
    ['anything beneath', (value: string) => ({ credentials: { any: { thing: [[value]] } } })],
    ['a pair of name and value', (value: string) => ({ env: [{ name: 'API_TOKEN', value }] })],
    ['another such pair', (value: string) => ({ env: [{ ParameterKey: 'Secret', ParameterValue: value }] })],
    ['a password in an address', (value: string) => ({ url: `postgres://app:${value}@db:5432/app` })],
    [
      'a private key',
      (value: string) => ({ pem: `-----BEGIN RSA PRIVATE KEY-----\n${value}\n-----END RSA PRIVATE KEY-----` }),
    ],
    ['an entry of an environment', (value: string) => ({ env: [`DB_PASSWORD=${value}`] })],
    ['a connection string', (value: string) => ({ connection: `Server=db;Pwd=${value};Encrypt=yes` })],
    ['JSON in a text', (value: string) => ({ config: JSON.stringify({ token: value }) })],
    ['a pair of another kind', (value: string) => ({ tags: [{ k: 'password', v: value }] })],
    ['a command', (value: string) => ({ command: ['mysql', `-p${value}`] })],
    ['an e-mail address', (value: string) => ({ owner: `${value}@example.org` })],
    ['a name that is given', (value: string) => ({ Pin: value })],
  ])('%s stays here, and one that differs is still told to', async (_what, state) => {
    const same = await between({ ...state(secret), a: 1 }, { ...state(secret), a: 2 }, ['--secret', 'pin'])
    const differing = await between(state(secret), state(other), ['--secret', 'pin'])
    for (const { out } of [same, differing]) expect(out).not.toMatch(new RegExp(`${secret}|${other}`))
    expect([same.drift.paths, JSON.stringify(same.drift.actual)]).toEqual([['a'], expect.stringContaining('[secret]')])
    expect(JSON.stringify(differing.drift.expected)).toContain('[secret]')
    expect(JSON.stringify(differing.drift.actual)).toContain('[another secret]')
  })

  it('are hidden also where the other side has something else in their place', async () => {
    const [level, password] = [
      { name: 'LEVEL', value: 'info' },
      { name: 'DB_PASSWORD', value: secret },
    ]
    for (const { out } of [
      await between({ env: [level, password] }, { env: [password] }),
      await between({ env: [password] }, { env: [level, password] }),
      await between({ token: secret }, { token: { inner: secret } }),
      await between({}, { token: [secret] }),
    ]) {
      expect(out).not.toContain(secret)
    }
  })

  it('are not what only speaks of them', async () => {
    const open = {
      keyboard: 'us',
      public_key: 'ssh-ed25519 AAAA',
      secretName: 'db',
      rotate_keys: true,
      password: null,
      tags: [{ Key: 'team', Value: 'web' }],
      url: 'https://example.org:443/a@b',
    }
    const { drift } = await between({ ...open, a: 1 }, open)
    expect(drift.actual).toEqual({ ...open, url: expect.any(String) })
  })

  it('with a key of the operator have a mark of their own, the same at every run and nowhere else', async () => {
    const keyed = (value: string, PLINTH_DETECT_KEY: string) =>
      between({ password: secret, token: secret }, { password: value }, [], { PLINTH_DETECT_KEY })
    const [one, again, third] = [
      await keyed('b', 'k'.repeat(32)),
      await keyed('b', 'k'.repeat(32)),
      await keyed('c', 'k'.repeat(32)),
    ]
    const otherKey = await keyed('b', 'l'.repeat(32))
    expect(one.drift).toEqual(again.drift)
    const { expected, actual } = one.drift
    const marks = [
      expected.password,
      expected.token,
      actual.password,
      third.drift.actual.password,
      otherKey.drift.actual.password,
    ]
    for (const mark of marks) expect(mark).toMatch(/^\[secret [\w-]{16}\]$/)
    expect(new Set(marks).size).toBe(marks.length)
    expect(await line.run(['detect', 'a', 'b'], { PLINTH_DETECT_KEY: 'short' })).toMatchObject({ code: 78 })
  })
})

describe('faults', () => {
  it('of both files are told at once, by file and path, and no value is', async () => {
    const { code, out, err } = await detect(
      {
        'aws/a': { ...resource({ password: 'hunter2' }), severty: 'high' },
        'aws/b': { ...resource('hunter2'), provider: '', severity: 'hunter2' },
      },
      [resource({}), resource({}), { ...resource({}), id: 'x'.repeat(301) }],
    )
    expect({ code, out }).toEqual({ code: 65, out: '' })
    for (const fault of [
      `${expectedPath}: ["aws/a"]: Unrecognized key: "severty"`,
      `${expectedPath}: ["aws/b"].provider: Must not be empty`,
      `${expectedPath}: ["aws/b"].severity: Invalid option`,
      `${expectedPath}: ["aws/b"].state: Invalid input`,
      `${actualPath}: [2].id: Must be at most 300 characters`,
    ]) {
      expect(err).toContain(fault)
    }
    expect(err).not.toContain('hunter2')
  })

  it.each([
    ['no JSON', '{"a": hunter2}', {}, /expected\.json: is no JSON/],
    ['neither map nor list', '"hunter2"', {}, /must be a map from external ids/],
    ['one id twice', [resource({}), resource({})], {}, /\[1\]: another one has the external id "aws\/vm\/web" too/],
    [
      'another resource',
      { a: resource({}) },
      { a: resource({}, { type: 'db' }) },
      /actual\.json: a\.type: not that of/,
    ],
    [
      'a state too deep',
      { a: resource(JSON.parse(`{"a":${'['.repeat(40)}${']'.repeat(40)}}`)) },
      {},
      /a\.state: Must be at most/,
    ],
  ])('%s is one', async (_what, expected, actual, said) => {
    const { code, err } = await detect(expected, actual)
    expect([code, err]).toEqual([65, expect.stringMatching(said)])
    expect(err).not.toContain('hunter2')
  })

  it.each([[['--source', 'a b']], [['--severity', 'urgent']], [['--patience', 'long']]])(
    'of the command are usage: %j',
    async (words) => {
      expect(await detect({}, {}, words)).toMatchObject({ code: 64 })
    },
  )

  it('a file that is not there is one', async () => {
    const absent = join(scratch, 'absent.json')
    expect(await line.run(['detect', absent, absent, '--dry-run'])).toMatchObject({
      code: 65,
      err: expect.stringMatching(/absent\.json: cannot be read: ENOENT/),
    })
  })
})
