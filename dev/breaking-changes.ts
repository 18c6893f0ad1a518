/**
 * What of a changed API contract could break a client that was written for the one before. Whoever reads must understand all that is
 * written: of an answer the client reads, of an input the server. Answers may get further fields and further words.
 */
import type { OpenApiDocument, Operation, Parameter } from '../server/platform/rest/openapi.ts'
import { type JsonSchema, resolve } from '../server/platform/rest/schema-book.ts'

type Direction = 'input' | 'answer'
interface Sides {
  direction: Direction
  before: OpenApiDocument
  after: OpenApiDocument
}

/** In words, one for each; none when every client goes on working. */
export function breakingChanges(before: OpenApiDocument, after: OpenApiDocument): string[] {
  const kept = operationsOf(after)
  return [...operationsOf(before)].flatMap(([address, operation]) => {
    const now = kept.get(address)
    if (!now) return [`${address} is gone`]
    return [
      ...signInChanges(operation, now),
      ...parameterChanges(operation, now, { direction: 'input', before, after }),
      ...bodyChanges(operation, now, { direction: 'input', before, after }),
      ...answerChanges(operation, now, { direction: 'answer', before, after }),
    ].map((change) => `${address}: ${change}`)
  })
}

/** By method and the shape of the path: what a part of it is called is nobody's matter. */
function operationsOf({ paths }: OpenApiDocument): Map<string, Operation> {
  return new Map(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [
        `${method.toUpperCase()} ${path.replaceAll(/\{.*?\}/g, '{}')}`,
        operation,
      ]),
    ),
  )
}

const signInChanges = (before: Operation, after: Operation) =>
  before.security.length === 0 && after.security.length > 0 ? ['needs sign-in now'] : []

function parameterChanges(before: Operation, after: Operation, sides: Sides): string[] {
  const inAddress = ({ in: place }: Parameter) => place !== 'path'
  const named = (parameters: Parameter[]) =>
    new Map(parameters.filter(inAddress).map((parameter) => [`${parameter.in} ${parameter.name}`, parameter]))
  const [old, now] = [named(before.parameters), named(after.parameters)]
  const changed = [...old].flatMap(([name, { schema }]) => {
    const kept = now.get(name)
    return kept ? schemaChanges(name, schema, kept.schema, sides) : [`${name} is not read any more`]
  })
  const added = [...now].filter(([name, { required }]) => required && !old.get(name)?.required)
  return [...changed, ...added.map(([name]) => `${name} is required now`)]
}

function bodyChanges(before: Operation, after: Operation, sides: Sides): string[] {
  const [old, now] = [before.requestBody, after.requestBody]
  if (!now) return old ? ['the body is not read any more'] : []
  if (now.required && !old?.required) return ['a body is required now']
  return old ? schemaChanges('body', schemaOf(old), schemaOf(now), sides) : []
}

function answerChanges(before: Operation, after: Operation, sides: Sides): string[] {
  return Object.entries(before.responses).flatMap(([status, old]) => {
    // How it fails may change: codes are read from the one table.
    if (!status.startsWith('2')) return []
    const now = after.responses[status]
    if (!now) return [`does not answer ${status} any more`]
    if (!old.content) return []
    return now.content ? schemaChanges(status, schemaOf(old), schemaOf(now), sides) : [`${status} has no body any more`]
  })
}

const schemaOf = ({ content }: { content?: Operation['responses'][string]['content'] }) =>
  content?.['application/json'].schema as JsonSchema

/** `where` names the place, such as `body.title` or `201.items[].id`. */
function schemaChanges(where: string, was: JsonSchema, is: JsonSchema, sides: Sides): string[] {
  const before = alternativesOf(was, sides.before)
  const after = alternativesOf(is, sides.after)
  const [only] = before
  const [onlyNow] = after
  if (only && onlyNow && before.length === 1 && after.length === 1) return plainChanges(where, only, onlyNow, sides)
  const isAnswer = sides.direction === 'answer'
  // All that an answer can be now was an answer before; all that could be sent before can be sent now.
  const [all, some] = isAnswer ? [after, before] : [before, after]
  const fits = (one: JsonSchema) =>
    some.some(
      (other) =>
        plainChanges(where, ...((isAnswer ? [other, one] : [one, other]) as [JsonSchema, JsonSchema]), sides).length ===
        0,
    )
  return all.every(fits)
    ? []
    : [isAnswer ? `${where} may be something else now` : `${where} may not be all that it could be`]
}

function alternativesOf(schema: JsonSchema, { components }: OpenApiDocument): JsonSchema[] {
  const found = resolve(schema, components.schemas)
  if (found.anyOf) return found.anyOf.flatMap((one) => alternativesOf(one, { components } as OpenApiDocument))
  return Array.isArray(found.type) ? found.type.map((type) => ({ ...found, type })) : [found]
}

function plainChanges(where: string, was: JsonSchema, is: JsonSchema, sides: Sides): string[] {
  const isInput = sides.direction === 'input'
  const [read, written] = isInput ? [is, was] : [was, is]
  const isWider = read.type === undefined || (read.type === 'number' && written.type === 'integer')
  if (read.type !== written.type && !isWider) return [`${where} was ${was.type} and is ${is.type}`]
  return [
    ...(isInput ? limitChanges(where, was, is) : []),
    ...fieldChanges(where, was, is, sides),
    ...(was.items && is.items ? schemaChanges(`${where}[]`, was.items, is.items, sides) : []),
  ]
}

function fieldChanges(where: string, was: JsonSchema, is: JsonSchema, sides: Sides): string[] {
  const isInput = sides.direction === 'input'
  const kept = Object.entries(was.properties ?? {}).flatMap(([name, old]) => {
    const now = is.properties?.[name]
    return now ? schemaChanges(`${where}.${name}`, old, now, sides) : [`${where}.${name} is gone`]
  })
  // What is read as always there must always be written.
  const [read, written] = isInput ? [is, was] : [was, is]
  const loose = (read.required ?? []).filter((name) => !written.required?.includes(name))
  const word = isInput ? 'is required now' : 'may be absent now'
  return [
    ...kept,
    ...loose.filter((name) => isInput || is.properties?.[name]).map((name) => `${where}.${name} ${word}`),
  ]
}

const upper = ['maximum', 'maxLength', 'maxItems']
const lower = ['minimum', 'minLength', 'minItems']

function limitChanges(where: string, was: JsonSchema, is: JsonSchema): string[] {
  const tighter = [
    ...upper.filter((limit) => Number(is[limit] ?? Infinity) < Number(was[limit] ?? Infinity)),
    ...lower.filter((limit) => Number(is[limit] ?? -Infinity) > Number(was[limit] ?? -Infinity)),
    ...(is.pattern !== undefined && is.pattern !== was.pattern ? ['pattern'] : []),
    ...(is.format !== undefined && is.format !== was.format ? ['format'] : []),
  ].map((limit) => `${where} has a tighter ${limit}`)
  const [old, now] = [was, is].map((schema) => schema.enum ?? ('const' in schema ? [schema.const] : null))
  const lost = now ? (old ?? ['anything']).filter((word) => !now.includes(word)) : []
  return [...tighter, ...lost.map((word) => `${where} may not be ${word} any more`)]
}

/** Whether the contract says by its version that clients have to look. */
export function isRaised(before: string, after: string): boolean {
  const parts = (version: string) => version.split('.').map(Number)
  const [old, now] = [parts(before), parts(after)]
  const n = now.findIndex((part, i) => part !== old[i])
  return n >= 0 && (now[n] as number) > (old[n] ?? 0)
}
