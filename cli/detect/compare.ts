/** What differs between what is meant to be and what is there, as JSON values: order counts in lists, and nowhere else. */
import type { Resource, Severity } from '../../shared/drifts.ts'
import { Container } from '../../shared/secret-names.ts'
import { differing, type Secrets } from './secrets.ts'
import type { Described, Resources } from './state-file.ts'

export interface Finding {
  readonly externalId: string
  readonly kind: 'changed' | 'missing' | 'unexpected'
  readonly resource: Resource
  readonly severity: Severity
  /** Without secrets; null where it is not to be there. */
  readonly expected: Record<string, unknown> | null
  /** Null where it is not there. */
  readonly actual: Record<string, unknown> | null
  /** Where they differ, in the order of `expected`; empty but for `changed`. */
  readonly paths: readonly string[]
}

interface Asked {
  readonly secrets: Secrets
  /** Of what says none itself; undefined: high where something is missing, medium else. */
  readonly severity: Severity | undefined
}

export function findDrifts(expected: Resources, actual: Resources, asked: Asked): Finding[] {
  const externalIds = new Set([...expected.keys(), ...actual.keys()])
  return [...externalIds].flatMap((externalId) => {
    const [meant, found] = [expected.get(externalId), actual.get(externalId)]
    const standing = { at: externalId, name: '', isSecret: false }
    const compared = compare(meant?.state ?? undefined, found?.state ?? undefined, standing, asked.secrets)
    if (compared.paths.length === 0) return []
    const state = (side: unknown) => (side ?? null) as Finding['expected']
    const kind = !found?.state ? 'missing' : !meant?.state ? 'unexpected' : 'changed'
    const { type, id, provider } = (found ?? meant) as Described
    return {
      externalId,
      kind,
      resource: { type, id, provider, region: found?.region ?? meant?.region ?? null },
      severity: meant?.severity ?? found?.severity ?? asked.severity ?? (kind === 'missing' ? 'high' : 'medium'),
      expected: state(compared.expected),
      actual: state(compared.actual),
      paths: kind === 'changed' ? compared.paths.map((path) => path.slice(externalId.length + 1)) : [],
    }
  })
}

interface Compared {
  readonly expected: unknown
  readonly actual: unknown
  readonly paths: readonly string[]
}

/** Where two values stand. */
interface Standing {
  readonly at: string
  /** Of the field that holds them, or holds the list that they are in. */
  readonly name: string
  readonly isSecret: boolean
}

/** Undefined is what is not there. As deep as a state may be, so no deeper than `ResourceState` lets it. */
function compare(expected: unknown, actual: unknown, standing: Standing, secrets: Secrets): Compared {
  const { at, isSecret } = standing
  const [one, other] = [Container.of(expected), Container.of(actual)]
  if (one === null && other === null) return compareValues(expected, actual, standing, secrets)
  if (expected !== undefined && actual !== undefined && one?.isList !== other?.isList) {
    const only = [
      compare(expected, undefined, standing, secrets),
      compare(undefined, actual, standing, secrets),
    ] as const
    return { expected: only[0].expected, actual: only[1].actual, paths: [at] }
  }
  const sides: [[string, unknown][], [string, unknown][]] = [[], []]
  const paths: string[] = []
  const isList = (one ?? other)?.isList
  for (const name of new Set([...(one?.inner.keys() ?? []), ...(other?.inner.keys() ?? [])])) {
    const [mine, theirs] = [one?.inner.get(name), other?.inner.get(name)]
    const inside = {
      at: `${at}.${name}`,
      name: isList ? standing.name : name,
      // To either side: in a list that has moved on, another name may stand beside the same place.
      isSecret: isSecret || [one, other].some((side) => side !== null && secrets.isSecretAt(name, side)),
    }
    const compared = compare(mine, theirs, inside, secrets)
    if (mine !== undefined) sides[0].push([name, compared.expected])
    if (theirs !== undefined) sides[1].push([name, compared.actual])
    paths.push(...compared.paths)
  }
  const isOneSided = expected === undefined || actual === undefined
  const built = (held: typeof one, entries: [string, unknown][]) =>
    held && (held.isList ? entries.map(([, value]) => value) : Object.fromEntries(entries))
  return {
    expected: built(one, sides[0]) ?? undefined,
    actual: built(other, sides[1]) ?? undefined,
    paths: isOneSided ? [at] : paths,
  }
}

function compareValues(expected: unknown, actual: unknown, standing: Standing, secrets: Secrets): Compared {
  const { at, name, isSecret } = standing
  const [mine, theirs] = [secrets.hide(expected, at, name, isSecret), secrets.hide(actual, at, name, isSecret)]
  if (expected === actual) return { expected: mine, actual: theirs, paths: [] }
  return { expected: mine, actual: mine === theirs ? differing(theirs) : theirs, paths: [at] }
}
