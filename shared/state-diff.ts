/**
 * What differs between two JSON states, path by path, in the order of the expected one. Parts that are the same come as
 * one entry each, however large. Order counts in lists and not in objects; an item that moved nothing but its place
 * because others came or went before it counts as the same.
 */
export type Path = readonly (string | number)[]

/**
 * `path` leads to it in the actual state, where it is there. `expectedPath` leads to it in the expected one: items of a list may have
 * moved.
 */
export type Difference =
  | { kind: 'same'; path: Path; value: unknown }
  | { kind: 'added'; path: Path; actual: unknown }
  | { kind: 'removed'; path: Path; expectedPath: Path; expected: unknown }
  | { kind: 'changed'; path: Path; expectedPath: Path; expected: unknown; actual: unknown }

export type Change = Exclude<Difference, { kind: 'same' }>

/** Null: it should not be there, or is not. */
export function diffStates(expected: unknown, actual: unknown): Difference[] {
  if (expected === null && actual !== null) return [{ kind: 'added', path: [], actual }]
  if (actual === null && expected !== null) return [{ kind: 'removed', path: [], expectedPath: [], expected }]
  return new Comparison().compare([], [], expected, actual)
}

export const isChange = (difference: Difference): difference is Change => difference.kind !== 'same'

type JsonObject = Record<string, unknown>

class Comparison {
  /** What the tables of all lists may hold together: one table grows with the square of its lists. */
  #cellsLeft = mostCells

  compare(expectedPath: Path, path: Path, expected: unknown, actual: unknown): Difference[] {
    if (isSame(expected, actual)) return [{ kind: 'same', path, value: actual }]
    if (isObject(expected) && isObject(actual)) return this.#compareObjects(expectedPath, path, expected, actual)
    if (Array.isArray(expected) && Array.isArray(actual))
      return this.#compareLists(expectedPath, path, expected, actual)
    return [{ kind: 'changed', path, expectedPath, expected, actual }]
  }

  #compareObjects(expectedPath: Path, path: Path, expected: JsonObject, actual: JsonObject): Difference[] {
    const known: Difference[] = Object.entries(expected).flatMap(([key, value]) => {
      const [there, here] = [
        [...expectedPath, key],
        [...path, key],
      ]
      return Object.hasOwn(actual, key)
        ? this.compare(there, here, value, actual[key])
        : [{ kind: 'removed', path: here, expectedPath: there, expected: value }]
    })
    const added = Object.keys(actual).filter((key) => !Object.hasOwn(expected, key))
    return [...known, ...added.map((key): Change => ({ kind: 'added', path: [...path, key], actual: actual[key] }))]
  }

  /** Items that are in both, in order, part the lists; what is between two of them is compared pair by pair. */
  #compareLists(expectedPath: Path, path: Path, expected: unknown[], actual: unknown[]): Difference[] {
    const found: Difference[] = []
    const common = commonItems(expected, actual, (cells) => {
      if (cells > this.#cellsLeft) return false
      this.#cellsLeft -= cells
      return true
    })
    let [from, to] = [0, 0]
    for (const [left, right] of [...common, [expected.length, actual.length] as const]) {
      while (from < left || to < right) {
        const there = [...expectedPath, from]
        if (from === left) found.push({ kind: 'added', path: [...path, to], actual: actual[to] })
        else if (to === right)
          found.push({ kind: 'removed', path: [...path, from], expectedPath: there, expected: expected[from] })
        else found.push(...this.compare(there, [...path, to], expected[from], actual[to]))
        if (from < left) from++
        if (to < right) to++
      }
      if (left < expected.length) found.push({ kind: 'same', path: [...path, right], value: actual[right] })
      from = left + 1
      to = right + 1
    }
    return found
  }
}

/** Longer middles are compared place by place. */
const mostCells = 1_000_000

/** Places of the same items in both, ascending: what begins both, what ends both, and as many as can be in between. */
function commonItems(expected: unknown[], actual: unknown[], take: (cells: number) => boolean): [number, number][] {
  const left = expected.map(canonical)
  const right = actual.map(canonical)
  const shorter = Math.min(left.length, right.length)
  let start = 0
  while (start < shorter && left[start] === right[start]) start++
  let end = 0
  while (end < shorter - start && left[left.length - 1 - end] === right[right.length - 1 - end]) end++
  const head = places(start, (place) => [place, place])
  const tail = places(end, (place) => [left.length - end + place, right.length - end + place])
  const middle = longestCommon(left.slice(start, left.length - end), right.slice(start, right.length - end), take)
  return [...head, ...middle.map(([a, b]): [number, number] => [a + start, b + start]), ...tail]
}

const places = (count: number, at: (place: number) => [number, number]) =>
  Array.from({ length: count }, (_, place) => at(place))

/** The longest common subsequence, by the table of the lengths of all that remain. */
function longestCommon(left: string[], right: string[], take: (cells: number) => boolean): [number, number][] {
  const width = right.length + 1
  if (!take((left.length + 1) * width)) return []
  const lengths = new Uint32Array((left.length + 1) * width)
  const lengthAt = (a: number, b: number) => lengths[a * width + b] ?? 0
  for (let a = left.length - 1; a >= 0; a--)
    for (let b = right.length - 1; b >= 0; b--)
      lengths[a * width + b] =
        left[a] === right[b] ? lengthAt(a + 1, b + 1) + 1 : Math.max(lengthAt(a + 1, b), lengthAt(a, b + 1))
  const found: [number, number][] = []
  for (let [a, b] = [0, 0]; a < left.length && b < right.length; ) {
    if (left[a] === right[b]) found.push([a++, b++])
    else if (lengthAt(a + 1, b) >= lengthAt(a, b + 1)) a++
    else b++
  }
  return found
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isSame = (one: unknown, other: unknown) => one === other || canonical(one) === canonical(other)

/** Equal for what means the same: the keys of objects sorted. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  ) ?? 'undefined'

/** As people write it: `ingress[1].port`; keys that would be read otherwise in quotes. Empty for the whole. */
export function pathWords(path: Path): string {
  return path
    .map((step, place) => {
      if (typeof step === 'number') return `[${step}]`
      if (!/^[\p{L}\p{N}_$-]+$/u.test(step)) return `[${JSON.stringify(step)}]`
      return place === 0 ? step : `.${step}`
    })
    .join('')
}

export type Stretch =
  | { kind: 'changes'; changes: Change[] }
  | { kind: 'same'; parts: (Difference & { kind: 'same' })[] }

/** Neighbours that are the same together, so that they can be folded. */
export function stretches(differences: Difference[]): Stretch[] {
  const found: Stretch[] = []
  for (const difference of differences) {
    const last = found.at(-1)
    if (isChange(difference)) {
      if (last?.kind === 'changes') last.changes.push(difference)
      else found.push({ kind: 'changes', changes: [difference] })
    } else if (last?.kind === 'same') last.parts.push(difference)
    else found.push({ kind: 'same', parts: [difference] })
  }
  return found
}
