/** The two files that a detector compares, checked whole before anything is sent: every fault of both is told at once, and no value is. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { ReportDrift, Resource, ResourceState, Severity } from '../../shared/drifts.ts'
import { Refusal } from '../command.ts'

const { type, id, provider, region } = Resource.shape
const described = {
  type,
  id,
  provider,
  region: region.default(null),
  severity: Severity.optional(),
  state: ResourceState,
}
const Described = z.strictObject(described)
export type Described = z.infer<typeof Described>

/** By external id. */
const AsMap = z.record(z.string(), Described)
const AsList = z.array(z.strictObject({ ...described, externalId: z.string().optional() }))

export type Resources = ReadonlyMap<string, Described>

interface Read {
  readonly resources: Resources
  readonly faults: readonly string[]
}

/** `prefix` comes before every external id. @throws Refusal naming every fault by file and path */
export function readStates(
  paths: { expected: string; actual: string },
  prefix: string,
): { expected: Resources; actual: Resources } {
  const [expected, actual] = [readFile(paths.expected, prefix), readFile(paths.actual, prefix)]
  const faults = [...expected.faults, ...actual.faults, ...otherResources(expected.resources, actual.resources, paths)]
  if (faults.length > 0) throw new Refusal(['Nothing was compared:', ...faults.map((fault) => `  ${fault}`)].join('\n'))
  return { expected: expected.resources, actual: actual.resources }
}

function readFile(path: string, prefix: string): Read {
  const none = (fault: string): Read => ({ resources: new Map(), faults: [`${path}: ${fault}`] })
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    return none(`cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'no reason given'}`)
  }
  let content: unknown
  try {
    content = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    // The rest of that message quotes the file, which may hold secrets.
    const [, at] = /\((line \d+ column \d+)\)/.exec((error as Error).message) ?? []
    return none(`is no JSON${at ? `, as of ${at}` : ''}`)
  }
  if (typeof content !== 'object' || content === null) {
    return none('must be a map from external ids to resources, or a list of resources')
  }
  const isList = Array.isArray(content)
  const parsed = isList ? AsList.safeParse(content) : AsMap.safeParse(content)
  if (!parsed.success) return { resources: new Map(), faults: faultsOf(path, parsed.error) }

  const [resources, faults] = [new Map<string, Described>(), [] as string[]]
  for (const [place, { externalId, ...resource }] of Object.entries<Described & { externalId?: string | undefined }>(
    parsed.data,
  )) {
    const own = externalId ?? (isList ? [resource.provider, resource.type, resource.id].join('/') : place)
    const named = ReportDrift.shape.externalId.safeParse(prefix + own)
    const at = placeOf([isList ? Number(place) : place])
    if (!named.success) faults.push(...faultsOf(path, named.error, `external id of ${at}`))
    else if (resources.has(named.data)) {
      faults.push(`${path}: ${at}: another one has the external id ${JSON.stringify(named.data)} too`)
    } else resources.set(named.data, resource)
  }
  return { resources, faults }
}

function* otherResources(expected: Resources, actual: Resources, paths: { expected: string; actual: string }) {
  for (const [externalId, one] of actual) {
    const other = expected.get(externalId)
    if (!other) continue
    for (const field of ['provider', 'type', 'id'] as const) {
      if (one[field] !== other[field]) {
        yield `${paths.actual}: ${placeOf([externalId, field])}: not that of ${paths.expected}, so it is another resource`
      }
    }
  }
}

const faultsOf = (path: string, { issues }: z.ZodError, where?: string): string[] =>
  issues.map((issue) => `${path}: ${where ?? placeOf(issue.path)}: ${issue.message}`)

/** `["aws/security_group/web"].severity` */
const placeOf = (path: readonly PropertyKey[]): string =>
  path
    .map((step) => (/^[a-z]\w*$/i.test(String(step)) ? `.${String(step)}` : `[${JSON.stringify(step)}]`))
    .join('')
    .replace(/^\./, '')
