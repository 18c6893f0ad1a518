import { describe, expect, it } from 'vitest'
import { hideSecrets } from './hidden-values.ts'

const hidden = (value: unknown) => hideSecrets<unknown>(value, null).expected

describe('hiding secrets', () => {
  it.each([
    ['DB_PASSWORD=a;b=c d', 'DB_PASSWORD=[hidden]'],
    ['Server=db;Password="a;b c";Encrypt=yes', 'Server=db;Password=[hidden];Encrypt=yes'],
    ['export API_TOKEN=x\nrun --fast', 'export API_TOKEN=[hidden]\nrun --fast'],
    ['database:\n  password: x y\n  host: db', 'database:\n  password: [hidden]\n  host: db'],
    ['private_key: |\n  line one\n  line two', 'private_key: [hidden]'],
    ['https://api.example.org/?a=1&api_key=x&b=2#c', 'https://api.example.org/?a=1&api_key=[hidden]&b=2#c'],
    ['postgres://app:p@ss/w:rd@db:5432/app', 'postgres://app:[hidden]@db:5432/app'],
    ['https://u:x@registry/app:1@sha256:0a1b', 'https://u:[hidden]@registry/app:1@sha256:0a1b'],
    ['curl -u ada:x https://h', 'curl -u ada:[hidden] https://h'],
    ['mysqldump -p"a b" app', 'mysqldump -p[hidden] app'],
    ['serve --token x --port 80', 'serve --token [hidden] --port 80'],
    ['Basic YWRhOng=', 'Basic [hidden]'],
    ['{"password":"x", "half":', '{"password":[hidden], "half":'],
    ['{\\"password\\":\\"x\\"', '{\\"password\\":[hidden]'],
    ['a key -----BEGIN PGP MESSAGE-----\nx', 'a key [hidden]'],
    ['of Ada <ada.l+x@example.org>', 'of Ada <[hidden]>'],
    ['ghp_0123456789abcdefABCDEF', '[hidden]'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x-y_z', '[hidden]'],
    ['wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', '[hidden]'],
    ['9f86d081884c7d659a2feaa0c55ad015', '[hidden]'],
  ])('knows the form of %j', (text, expected) => {
    expect(hidden({ it: text })).toEqual({ it: expected })
  })

  it.each<[string, unknown, unknown]>([
    [
      'beneath a name',
      { credentials: { any: [{ thing: 'x', n: 5 }] } },
      { credentials: { any: [{ thing: '[hidden]', n: '[hidden]' }] } },
    ],
    ['beside a name', { l: [{ Key: 'DbPassword', Value: 'x' }] }, { l: [{ Key: 'DbPassword', Value: '[hidden]' }] }],
    ['in a pair', { l: [['API_TOKEN', 'x']] }, { l: [['API_TOKEN', '[hidden]']] }],
    ['in a manifest', { kind: 'Secret', data: { 'a.json': 'x' } }, { kind: 'Secret', data: { 'a.json': '[hidden]' } }],
    ['after an option', { l: ['sshpass', '-p', 'x', 'ssh'] }, { l: ['sshpass', '-p', '[hidden]', 'ssh'] }],
  ])('knows what stands %s', (_where, state, expected) => {
    expect(hidden(state)).toEqual(expected)
  })

  it('leaves alone what only looks like one', () => {
    const open = {
      arn: 'arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly',
      secretArn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:app',
      policy: 'AmazonEC2ContainerServiceforEC2Role',
      group: 'sg-0a1b2c3d4e5f67890',
      uuid: '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
      image: `nginx:1.25@sha256:${'ab12'.repeat(16)}`,
      integrity: `sha512-${'aB3'.repeat(20)}==`,
      commit: 'da39a3ee5e6b4b0d3255bfef95601890afd80709',
      path: '/var/lib/some-long-path-v2/data/2024',
      ports: ['443/tcp', '10.0.0.0/16'],
      keyboard: 'us',
      public_key: 'ssh-ed25519 AAAA',
      secretName: 'db',
      rotate_keys: true,
      password: null,
      member: 'serviceAccount:app@project.iam.gserviceaccount.com',
      source: 'git@github.com:a/b.git',
      url: 'https://example.org:443/a?page=2',
      pod: 'my-deployment-7d9f8b6c5d-x2k4q',
      at: '2026-01-02T03:04:05.678Z',
      tags: [{ Key: 'team', Value: 'web' }],
      json: '{"size": 1.0, "name": "web"}',
      flags: 'use_token=true',
    }
    expect(hidden(open)).toEqual(open)
  })

  it('keeps what a detector has hidden apart from what it hides itself', () => {
    const state = { password: '[another secret]', url: 'postgres://app:[secret 0123456789abcdef]@db' }
    expect(hidden(state)).toEqual(state)
  })

  it('marks secrets of one place alike exactly if they are the same, on both sides and in lists', () => {
    const { expected, actual } = hideSecrets<unknown>(
      {
        env: [
          { name: 'A_TOKEN', value: 'one' },
          { name: 'B_TOKEN', value: 'two' },
        ],
        password: 5,
        token: 'one',
      },
      { env: [{ name: 'B_TOKEN', value: 'two' }], password: '5', token: 'one' },
    )
    expect(expected).toMatchObject({ env: [{ value: '[hidden]' }, { value: '[hidden 2]' }], token: '[hidden]' })
    expect(actual).toMatchObject({ env: [{ value: '[hidden 2]' }], token: '[hidden]' })
    expect([expected, actual]).toMatchObject([{ password: '[hidden]' }, { password: '[hidden 2]' }])
  })

  it('does not follow JSON in a text deeper than the stack', () => {
    const deep = `${'['.repeat(30_000)}"x"${']'.repeat(30_000)}`
    expect(hidden({ it: deep })).toEqual({ it: '[hidden]' })
  })

  it('takes texts and objects of any make in time that grows with their length', () => {
    const repeated = [
      'a',
      '@',
      'a:',
      '//a:',
      '-a ',
      'a.',
      'a@',
      'a@a-',
      'password=',
      'password="',
      "key='",
      '-u a:',
      'eyJ',
      'AKIA',
      ' ',
      ';',
      '\\',
      '[',
      '-----BEGIN ',
      'Basic ',
      'Bearer ',
      'hooks.slack.com',
      'mysql -p ',
    ]
    const fillers = [
      ...repeated.map((part) => `a${part.repeat(64_000 / part.length)}`),
      `Bearer${' '.repeat(64_000)}`,
      `x@${'a.'.repeat(32_000)}`,
    ]
    const began = performance.now()
    for (const it of fillers) hidden({ it })
    hidden(Object.fromEntries(Array.from({ length: 4_000 }, (_, n) => [`a${n}key`, 't'])))
    hidden({ list: Array.from({ length: 10_000 }, () => '-pa') })
    // Some 0.3 s; each of them squared would take minutes.
    expect(performance.now() - began).toBeLessThan(20_000)
  })
})
