/**
 * JSON schemas as the OpenAPI document has them, written from the Zod schemas that decide. One that has a name (`.meta({ id })`) is
 * told once and referred to. Each gives an example of itself: its own (`.meta({ example })`), or one made of its parts.
 */
import { z } from 'zod'

export interface JsonSchema {
  type?: string | string[]
  format?: string
  properties?: Record<string, JsonSchema>
  required?: string[]
  items?: JsonSchema
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  enum?: unknown[]
  const?: unknown
  default?: unknown
  $defs?: Record<string, JsonSchema>
  examples?: unknown[]
  description?: string
  $ref?: string
  [limit: string]: unknown
}

const prefix = '#/components/schemas/'

export const referTo = (name: string): JsonSchema => ({ $ref: prefix + name })

/** Whole in itself: what has a name is in its `$defs`. Of an `input`, what may come; of an `output`, what leaves. */
export function writeSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...written } = z.toJSONSchema(schema, { io, unrepresentable: 'any', override: simplify })
  return written as JsonSchema
}

/** Follows references, of which a document has no loops. */
export function resolve(schema: JsonSchema, named: Record<string, JsonSchema>): JsonSchema {
  if (schema.$ref === undefined) return schema
  const found = named[schema.$ref.slice(prefix.length)]
  if (!found) throw new Error(`${schema.$ref} leads nowhere`)
  return resolve(found, named)
}

export class SchemaBook {
  readonly named: Record<string, JsonSchema> = {}

  /** As `writeSchema`, with what has a name in this book. */
  write(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    const text = JSON.stringify(writeSchema(schema, io))
    const { $defs = {}, ...written } = JSON.parse(text.replaceAll('"#/$defs/', `"${prefix}`))
    for (const [name, definition] of Object.entries<JsonSchema>($defs)) this.add(name, definition)
    return written
  }

  /** @throws when the name is another schema's: a procedure would promise what it does not keep */
  add(name: string, schema: JsonSchema): JsonSchema {
    const earlier = this.named[name]
    if (earlier && JSON.stringify(earlier) !== JSON.stringify(schema)) throw new Error(`Two schemas are named ${name}`)
    this.named[name] = schema
    return referTo(name)
  }

  resolve(schema: JsonSchema): JsonSchema {
    return resolve(schema, this.named)
  }

  /** All of it; of an input, what has to be there and what has an example of its own. */
  exampleOf(schema: JsonSchema, io: 'input' | 'output'): unknown {
    const found = this.resolve(schema)
    const { examples, oneOf, anyOf = oneOf, properties, required, items, type, format, minimum } = found
    if (examples) return examples[0]
    if ('const' in found) return found.const
    if (found.enum) return found.enum[0]
    if (anyOf) return this.exampleOf(anyOf[0] as JsonSchema, io)
    if (properties) {
      const shown = Object.entries(properties).filter(
        ([name, inner]) => io === 'output' || required?.includes(name) || inner.examples,
      )
      return Object.fromEntries(shown.map(([name, inner]) => [name, this.exampleOf(inner, io)]))
    }
    const { propertyNames, additionalProperties } = found as Record<
      'propertyNames' | 'additionalProperties',
      JsonSchema
    >
    if (propertyNames?.enum && required) {
      return Object.fromEntries(required.map((name) => [name, this.exampleOf(additionalProperties, io)]))
    }
    if (items) return [this.exampleOf(items, io)]
    if ('default' in found) return found.default
    switch ([type].flat()[0]) {
      case 'integer':
      case 'number':
        return Math.max(Number(minimum ?? 1), 1)
      case 'boolean':
        return true
      case 'null':
        return null
      case 'string':
        return exampleTexts[format ?? ''] ?? 'text'
    }
    return {}
  }
}

const exampleTexts: Record<string, string> = {
  uuid: '0199f3a2-7c1e-7b52-9d3f-2a1c5e8b4d60',
  'date-time': '2026-01-15T09:30:00.000Z',
  date: '2026-01-15',
  email: 'ada@example.org',
}

/** What only repeats or only hinders: an answer may get further fields, and the pattern of a format is the format's. */
function simplify({ jsonSchema: schema }: { jsonSchema: Record<string, unknown> }): void {
  if (schema.additionalProperties === false) delete schema.additionalProperties
  if (schema.format !== undefined) delete schema.pattern
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum
  if ('example' in schema) {
    schema.examples = [schema.example]
    delete schema.example
  }
}
