/**
 * Paths and queries are text, and procedures take values: what a field may be is read from the JSON schema of the input, once
 * and beside the schema itself, which goes on refusing "5" for a number at every other door.
 */
export interface JsonSchema {
  type?: string | string[] | undefined
  properties?: Record<string, unknown> | undefined
  items?: unknown
  anyOf?: unknown[] | undefined
  oneOf?: unknown[] | undefined
  allOf?: unknown[] | undefined
  $ref?: string | undefined
  $defs?: Record<string, unknown> | undefined
}

export interface InputFields {
  has(field: string): boolean
  /** What is no such value is left as it is, for the schema to refuse. `text` is an array where a field came several times. */
  fromText(field: string, text: unknown): unknown
}

interface Shape {
  readonly types: Set<string>
  readonly properties: Map<string, Shape>
  items: Shape | null
}

const newShape = (): Shape => ({ types: new Set(), properties: new Map(), items: null })

/** Of an input that must satisfy all of `schemas`. */
export function inputFields(schemas: JsonSchema[]): InputFields {
  const shape = newShape()
  for (const schema of schemas) gather(shape, schema, schema, 0)
  return {
    has: (field) => shape.properties.has(field),
    fromText: (field, text) => parseText(text, shape.properties.get(field)),
  }
}

/** Deep enough for a field and the items of a list of lists; a schema that contains itself goes on for ever. */
const maxDepth = 12

/** Adds what `schema` allows: of alternatives each is possible. */
function gather(shape: Shape, schema: JsonSchema, root: JsonSchema, depth: number): void {
  if (depth > maxDepth) return
  const { type, properties = {}, items, anyOf = [], oneOf = [], allOf = [], $ref } = schema
  for (const one of [type ?? []].flat()) shape.types.add(one)
  for (const [name, property] of Object.entries(properties)) {
    const inner = shape.properties.get(name) ?? newShape()
    shape.properties.set(name, inner)
    gather(inner, property as JsonSchema, root, depth + 1)
  }
  if (typeof items === 'object' && items !== null) {
    shape.items ??= newShape()
    gather(shape.items, items as JsonSchema, root, depth + 1)
  }
  for (const one of [...anyOf, ...oneOf, ...allOf]) gather(shape, one as JsonSchema, root, depth + 1)
  const named = $ref === '#' ? root : root.$defs?.[$ref?.replace('#/$defs/', '') ?? '']
  if (named) gather(shape, named as JsonSchema, root, depth + 1)
}

/** As JSON writes numbers: neither `0x10` nor ` 5` nor the empty text is one. */
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

function parseText(text: unknown, shape: Shape | null | undefined): unknown {
  if (!shape) return text
  const { types, items } = shape
  if (Array.isArray(text)) return types.has('array') ? text.map((one) => parseText(one, items)) : text
  if (typeof text !== 'string' || types.has('string')) return text
  if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  if ((types.has('number') || types.has('integer')) && number.test(text)) return Number(text)
  return types.has('array') ? [parseText(text, items)] : text
}
