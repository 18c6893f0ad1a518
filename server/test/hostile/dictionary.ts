/** Values that have broken programs before: each is here because some parser, store, terminal or pattern takes it for something else. */
import type { Random } from '../chaos/random.ts'
import { JsonText } from './json-text.ts'

/**
 * Marks of what a storm sends: `text` may come back in an answer to whoever sent it, `secret` in none, and neither is ever in the
 * log. Together they meet the rules of a password.
 */
export const marks = { text: 'cAnArY7f3-', secret: 'sEcReT9k2-' } as const

const inversions = '\u0301\u0323'

/** As they are; what is long, or made by chance, comes to them in `nastyText`. */
export const texts: readonly string[] = [
  '',
  ' ',
  '\t',
  // What Postgres cannot store, what UTF-8 cannot write, what is no character.
  '\u0000',
  'a\u0000b',
  '\ud800',
  'x\udc00y',
  '\udfff\ud800',
  '\ufffe\uffff',
  '\ufeff',
  // What a terminal, a log or a header takes for more than text.
  'a\r\nx-injected: 1\r\n\r\n',
  'a\nlevel=50',
  '\u001b[2J\u001b[31m',
  '\u0007\u0008\u007f\u0085',
  '\u2028\u2029',
  '\u202egnp.exe',
  '\u2066\u2069\u061c',
  'a\u200b\u200d\u00ad',
  // Cases and compositions that change length.
  'İıſßŉ',
  'e\u0301\u0301\u0301',
  '\ufdfa',
  '👩‍👩‍👧‍👦🏳️‍🌈',
  // Languages between the lines.
  `' OR '1'='1' --`,
  `"; DROP TABLE users; --`,
  `1) UNION SELECT null--`,
  `\\`,
  `%`,
  `_%\\`,
  `$1`,
  `$$`,
  `::uuid`,
  `%s%n%x`,
  '\u0024{7*7}',
  '{{7*7}}',
  '$(id)',
  '`id`',
  '; sleep 9 &',
  '| cat /etc/passwd',
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '<!--',
  ']]>',
  '=cmd|"/c calc"!A0',
  '@SUM(1+1)',
  '*)(uid=*',
  '(?=(a+)+)$',
  // Paths and addresses.
  '../../../../etc/passwd',
  '..%2f..%2f..%2fetc%2fpasswd',
  '..\\..\\windows\\win.ini',
  '%2e%2e/%2e%2e/',
  '/etc/passwd\u0000.json',
  'file:///etc/passwd',
  'http://169.254.169.254/latest/meta-data/',
  '//evil.example',
  '/\\evil.example',
  'javascript:alert(1)',
  'data:text/html,x',
  // Names that objects have of themselves.
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'then',
  'length',
  '__defineGetter__',
  // Other types, spelled.
  'null',
  'undefined',
  'true',
  'NaN',
  'Infinity',
  '-0',
  '1e999',
  '0x7fffffff',
  '9007199254740993',
  // Ids.
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '0190F2C4-0000-7000-8000-000000000000',
  '{0190f2c4-0000-7000-8000-000000000000}',
  '0190f2c4-0000-7000-8000-00000000000\u0660',
  'urn:uuid:0190f2c4-0000-7000-8000-000000000000',
  // Moments.
  '2026-02-30T00:00:00Z',
  '2016-12-31T23:59:60Z',
  '0000-01-01T00:00:00Z',
  '-000001-01-01T00:00:00Z',
  '+275760-09-13T00:00:00Z',
  '9999-12-31T23:59:59.999999999Z',
  '10000-01-01T00:00:00Z',
  '2026-03-29T02:30:00+14:00',
  `2026-01-01T00:00:00.${'9'.repeat(400)}Z`,
  // Cursors.
  ':',
  'x:',
  ':1',
  '0:0',
  'x:-1',
  'x:1e3',
  'x:9007199254740993',
  `${'x'.repeat(60)}:1`,
  '1:1:1',
  // Addresses.
  'a@b',
  'a,b@example.org',
  'a@example.org\r\nbcc: c@example.org',
  '"a b"@example.org',
  'a@example.org,b@example.org',
  'a＠example.org',
  'ａ@example.org',
  'аda@example.org',
  'a@\u212aelvin.example',
  `${'a'.repeat(64)}@${'b.'.repeat(90)}org`,
  `a@${'a.'.repeat(3000)}`,
  `${'a.'.repeat(3000)}@example.org`,
  // Tokens.
  'eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.',
  'eyJhbGciOiJIUzI1NiJ9..',
  '.',
  '..',
  '....',
]

/** Long enough to find what is not linear, or has no end. The longest a body may be is a mebibyte. */
const long: ((random: Random) => string)[] = [
  (random) => 'a'.repeat(random.pick([81, 129, 255, 1000, 10_001, 65_536])),
  (random) => 'ü'.repeat(random.pick([128, 10_000])),
  (random) => '😀'.repeat(random.pick([80, 5000])),
  (random) => ' '.repeat(random.pick([1000, 50_000])),
  (random) => `a${inversions.repeat(random.pick([100, 20_000]))}`,
  (random) => '\u0000'.repeat(random.pick([2, 5000])),
  (random) => '\ud800'.repeat(random.pick([2, 5000])),
  (random) => '../'.repeat(random.pick([10, 3000])),
  (random) => 'a-'.repeat(random.pick([100, 20_000])),
]
const longest: (() => string)[] = [
  () => 'a'.repeat(900_000),
  () => `a${inversions.repeat(220_000)}`,
  () => '\ufdfa'.repeat(300_000),
  () => '😀'.repeat(200_000),
  () => `Aa1-${'\u1e9b\u0323'.repeat(150_000)}`,
  () => ' '.repeat(900_000),
]

export function nastyText(random: Random): string {
  if (random.chance(0.004)) return random.pick(longest)()
  if (random.chance(0.1)) return random.pick(long)(random)
  if (random.chance(0.15)) return chars(random, random.between(1, 40))
  const text = random.pick(texts)
  return random.chance(0.3) ? marks.text + text : text
}

/** Of any plane, halves of pairs among them. */
function chars(random: Random, length: number): string {
  const top = random.pick([0x20, 0x7f, 0xff, 0xffff])
  return Array.from({ length }, () => String.fromCharCode(random.between(0, top))).join('')
}

/** As it stands in JSON, or where JSON has none. */
const numbers = [
  '-1',
  '0',
  '-0',
  '1.5',
  '1e0',
  '101',
  '2147483648',
  '-2147483649',
  '4294967296',
  '9007199254740993',
  '1e308',
  '1e309',
  '-1e309',
  '1e-400',
  '1e9',
  '123456789012345678901234567890',
  '0.1e+2',
  `1${'0'.repeat(400)}`,
  `0.${'0'.repeat(5000)}1`,
  'NaN',
  'Infinity',
  '0x10',
  '01',
  '+1',
  '.5',
  '5.',
  '1_000',
]

const deep = (open: string, close: string) => (random: Random) => {
  const times = random.pick([10, 1000, 10_000])
  return new JsonText(open.repeat(times) + (random.chance(0.7) ? `1${close.repeat(times)}` : ''))
}

const shapes: ((random: Random) => unknown)[] = [
  () => null,
  () => true,
  () => [],
  () => ({}),
  () => [null],
  () => [[[]]],
  () => ({ length: 1e9 }),
  () => ({ toString: 'x', valueOf: 1, toJSON: null }),
  () => ({ $ne: null }),
  () => new JsonText('{"__proto__":{"polluted":true}}'),
  () => new JsonText('{"constructor":{"prototype":{"polluted":true}}}'),
  () => new JsonText('{"a":1,"a":2}'),
  () => new JsonText('"\\u0000"'),
  () => new JsonText('"\\ud800\\u0041"'),
  () => new JsonText('"\\x"'),
  () => new JsonText('undefined'),
  (random) => new JsonText(random.pick(numbers)),
  (random) => new JsonText(random.pick(numbers)),
  (random) => Array.from({ length: random.pick([2, 101, 5000]) }, () => 'x'),
  (random) => Object.fromEntries(Array.from({ length: random.pick([2, 3000]) }, (_, at) => [`k${at}`, at])),
  deep('[', ']'),
  deep('{"a":', '}'),
]

/** Anything: a text, more often than not. */
export function nastyValue(random: Random): unknown {
  return random.chance(0.6) ? nastyText(random) : random.pick(shapes)(random)
}

/** What is all of a message, with nothing around it. `mostBytes`: about, of what is made in one piece. */
export function nastyDocument(random: Random, mostBytes: number): string {
  const depth = Math.floor(mostBytes / 2)
  return random.pick([
    () => '',
    () => ' ',
    () => '\ufeff{}',
    () => '{',
    () => '{"a":',
    () => '{"a":1}}',
    () => "{'a':1}",
    () => '{"a":1,}',
    () => '[1,2',
    () => '// no comment',
    () => 'a=1&b=2',
    () => '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--x--',
    () => '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    () => '['.repeat(random.pick([100, depth])),
    () => '['.repeat(depth) + ']'.repeat(depth),
    () => '{"0":'.repeat(Math.floor(depth / 5)),
    () => `{${Array.from({ length: Math.floor(mostBytes / 12) }, (_, at) => `"k${at}":0`).join()}}`,
    () => `"${'\\u0000'.repeat(Math.floor(mostBytes / 6))}"`,
    () => `[${'0,'.repeat(depth - 2)}0]`,
    () => random.pick(numbers),
    () => JSON.stringify(nastyText(random)),
  ])()
}

/** Other bytes than the text is: turned, doubled, cut, or of no encoding. */
export function spoiled(random: Random, text: string): Buffer {
  const bytes = Buffer.from(text)
  const at = random.between(0, Math.max(0, bytes.length - 1))
  const overlong = random.pick(['c080', 'eda080', 'f8888080', 'ff', 'fe', 'c3', 'f4908080', 'efbbbf'])
  return random.pick([
    () => bytes.subarray(0, at),
    () => Buffer.concat([bytes, bytes]),
    () => Buffer.concat([bytes.subarray(0, at), Buffer.from(overlong, 'hex'), bytes.subarray(at)]),
    () => {
      if (bytes.length > 0) bytes[at] = (bytes[at] as number) ^ (1 << random.between(0, 7))
      return bytes
    },
    () => Buffer.from(text, 'utf16le'),
  ])()
}
