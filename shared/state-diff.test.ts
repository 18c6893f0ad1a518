import { describe, expect, it } from 'vitest'
import { diffStates, isChange, pathWords, stretches } from './state-diff.ts'

const words = (value: unknown) => (value === undefined ? '' : ` ${JSON.stringify(value)}`)
const signs = { added: '+', removed: '-', changed: '~', same: '=' }

/** One line each. */
const told = (expected: unknown, actual: unknown) =>
  diffStates(expected, actual).map(({ kind, path, ...values }) =>
    kind === 'same'
      ? `= ${pathWords(path)}`
      : `${signs[kind]} ${pathWords(path)}${'expected' in values ? words(values.expected) : ''}${'actual' in values ? words(values.actual) : ''}`,
  )

/** Deterministic, so that a failure can be seen again. */
function* numbers(seed: number) {
  for (let state = seed; ; ) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    yield state / 2_147_483_648
  }
}

describe('the difference of two states', () => {
  it.for<[string, unknown, unknown, string[]]>([
    ['nothing', { a: 1, b: [1, { c: 2 }] }, { b: [1, { c: 2 }], a: 1 }, ['= ']],
    ['a value', { a: 1, b: 2 }, { a: 1, b: 3 }, ['= a', '~ b 2 3']],
    ['what came and went', { a: 1, b: 2 }, { b: 2, c: { d: 1 } }, ['- a 1', '= b', '+ c {"d":1}']],
    ['something deep', { a: { b: { c: [1, 2] } } }, { a: { b: { c: [1, 3] } } }, ['= a.b.c[0]', '~ a.b.c[1] 2 3']],
    [
      'kinds',
      { a: { b: 1 }, c: null, d: '1' },
      { a: [1], c: {}, d: 1 },
      ['~ a {"b":1} [1]', '~ c null {}', '~ d "1" 1'],
    ],
    ['null and absent', { a: null }, {}, ['- a null']],
    ['an item at the end', { in: ['443', '80'] }, { in: ['443', '80', '22'] }, ['= in[0]', '= in[1]', '+ in[2] "22"']],
    ['an item in front', { in: ['443'] }, { in: ['22', '443'] }, ['+ in[0] "22"', '= in[1]']],
    ['a lost item', { in: [1, 2, 3] }, { in: [1, 3] }, ['= in[0]', '- in[1] 2', '= in[1]']],
    [
      'an item that changed',
      { in: [{ p: 1, q: 1 }, 5] },
      { in: [{ p: 1, q: 2 }, 5] },
      ['= in[0].p', '~ in[0].q 1 2', '= in[1]'],
    ],
    ['all items', { in: [1, 2] }, { in: [3] }, ['~ in[0] 1 3', '- in[1] 2']],
    ['what should not be there', null, { a: 1 }, ['+  {"a":1}']],
    ['what is not there', { a: 1 }, null, ['-  {"a":1}']],
    ['keys of the prototype', { toString: 1 }, { constructor: 1 }, ['- toString 1', '+ constructor 1']],
    ['an own __proto__', JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":2}'), ['~ __proto__ 1 2']],
  ])('tells %s', ([, expected, actual, lines]) => {
    expect(told(expected, actual)).toEqual(lines)
  })

  it('writes paths so that no two keys are taken for each other', () => {
    expect(pathWords(['tags', 'a.b', 'größe', 0, 'x y'])).toBe('tags["a.b"].größe[0]["x y"]')
    expect(pathWords(['a.b'])).toBe('["a.b"]')
  })

  it('says where a difference is on each side, where items of a list have moved', () => {
    const [expected, actual] = [{ in: [{ p: 1, q: 1 }, 5] }, { in: [7, 8, { p: 1, q: 2 }, 5] }]
    const last = diffStates({ in: [4, ...expected.in] }, { in: [9, 4, { p: 1, q: 2 }, 5] })
      .filter(isChange)
      .at(-1)
    expect(last).toMatchObject({ kind: 'changed', expectedPath: ['in', 1, 'q'], path: ['in', 2, 'q'] })
    expect(diffStates(expected, actual).filter(isChange)).toHaveLength(3)
  })

  it('covers both states whole, each part once, whatever they are', () => {
    const next = numbers(7)
    const random = () => next.next().value as number
    const pick = (count: number) => Math.floor(random() * count)
    const value = (depth: number): unknown => {
      if (depth === 0 || random() < 0.3) return [null, true, 0, 1, 'a', 'b'][pick(6)]
      const items = Array.from({ length: pick(5) }, () => value(depth - 1))
      return random() < 0.5 ? items : Object.fromEntries(items.map((item) => [`k${pick(6)}`, item]))
    }
    const count = (part: unknown): number =>
      typeof part === 'object' && part !== null
        ? Object.values(part).reduce<number>((sum, inner) => sum + count(inner), 0)
        : 1
    for (let round = 0; round < 300; round++) {
      const [expected, actual] = [{ root: value(4) }, { root: value(4) }]
      const all = diffStates(expected, actual)
      const sum = (part: (difference: (typeof all)[number]) => number) => all.reduce((total, d) => total + part(d), 0)
      expect(sum((d) => (d.kind === 'same' ? count(d.value) : 'expected' in d ? count(d.expected) : 0))).toBe(
        count(expected),
      )
      expect(sum((d) => (d.kind === 'same' ? count(d.value) : 'actual' in d ? count(d.actual) : 0))).toBe(count(actual))
      expect(diffStates(actual, actual).some(isChange)).toBe(false)
    }
  })

  it('takes lists as long as a state can hold', () => {
    const expected = { list: Array.from({ length: 30_000 }, (_, place) => place % 7) }
    const actual = { list: [9, ...expected.list.slice(0, 15_000), 8, ...expected.list.slice(15_001)] }
    expect(diffStates(expected, actual).filter(isChange).length).toBeGreaterThan(0)
  })

  it('compares further long lists place by place, so that many of them cost no more than one', () => {
    // One item more, between others that are not the same.
    const list = Array.from({ length: 900 }, (_, place) => place)
    const moved = [-1, ...list.slice(1, 450), -2, ...list.slice(450, 899), -3]
    const lists = (items: number[]) => ({ one: items, two: items, three: items })
    const changes = diffStates(lists(list), lists(moved)).filter(isChange)
    const of = (name: string) => changes.filter(({ path }) => path[0] === name).length
    expect([of('one') < 5, of('two') > 400, of('three') > 400]).toEqual([true, true, true])
  })

  it('gathers neighbours that are the same, to fold them', () => {
    const found = stretches(diffStates({ a: 1, b: 2, c: 3, d: 4 }, { a: 1, b: 2, c: 0, d: 4, e: 5 }))
    expect(
      found.map((part) => (part.kind === 'same' ? part.parts.length : part.changes.map(({ kind }) => kind))),
    ).toEqual([2, ['changed'], 1, ['added']])
  })
})
