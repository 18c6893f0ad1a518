import { describe, expect, it } from 'vitest'
import { Checks, Shown } from './checks.ts'
import { Postgres } from './postgres.ts'
import { World } from './world.ts'

/** Events 1 to 4 of one history, and a 3 of another one. */
function judge(isUpset = false) {
  const postgres = new Postgres(new World(1))
  for (const [mark, seq, previousMark] of [
    ['a', 1, null],
    ['b', 2, 'a'],
    ['c', 3, 'b'],
    ['d', 4, 'c'],
    ['x', 3, 'y'],
  ] as const)
    postgres.history.set(mark, { channel: 'c', seq, previousMark })
  const checks = new Checks(postgres, { resync: isUpset })
  return { checks, kinds: () => checks.found.map(({ kind }) => kind) }
}

function sees(messages: [type: string, cursor: string][], isUpset = false) {
  const { checks, kinds } = judge(isUpset)
  const stream = checks.stream('reader')
  for (const [type, cursor] of messages) stream.saw(type, cursor)
  return kinds()
}

describe('a stream', () => {
  it.each([
    ['in order', ['e:1:a', 'e:2:b', 'e:3:c'], []],
    ['twice', ['e:1:a', 'e:1:a'], ['doubled']],
    ['after a later one', ['e:1:a', 'e:2:b', 'e:1:a'], ['reordered']],
    ['without the one before it', ['e:1:a', 'e:3:c'], ['gap']],
    ['of another history', ['e:1:a', 'e:2:b', 'e:3:x'], ['gap']],
    ['of another epoch', ['e:1:a', 'f:2:b'], ['altered']],
    ['that was never committed', ['e:1:a', 'e:2:z'], ['invented']],
  ] as const)('with an event %s is reported as what it is', (_name, cursors, kinds) => {
    expect(sees([['ready', 'e:0'], ...cursors.map((cursor): [string, string] => ['x', cursor])])).toEqual(kinds)
  })

  it('with resync is reported unless something was trimmed, restarted or set back', () => {
    const messages: [string, string][] = [
      ['ready', 'e:1:a'],
      ['resync', 'e:3:c'],
      ['x', 'e:4:d'],
    ]
    expect([sees(messages), sees(messages, true)]).toEqual([['resync'], []])
  })
})

describe('a page', () => {
  it('that lacks a thing, shows one that is not stored, or is given one twice is reported', () => {
    const { checks, kinds } = judge()
    const shown = new Shown('page', checks, false)
    shown.snapshot(['1', '2'])
    shown.event('thing.added', '3')
    shown.compare(new Set(['1', '2', '3']))
    expect(kinds()).toEqual([])
    shown.event('thing.added', '3')
    shown.compare(new Set(['1', '2', '4']))
    expect(kinds()).toEqual(['doubled', 'lost', 'gap'])
  })
})
