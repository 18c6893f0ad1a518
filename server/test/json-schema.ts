/** Values and the schemas of the OpenAPI document: whether one fits the other, and made-up ones that do or do not. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { OpenApiDocument } from '../platform/rest/openapi.ts'
import { type JsonSchema, resolve } from '../platform/rest/schema-book.ts'
import type { Random } from './chaos/random.ts'

/** Validators of one document's schemas, each of which is compiled once. */
class Validators {
  readonly #ajv = new Ajv2020({ allErrors: true, strictTypes: false, strictRequired: false })
  readonly #compiled = new WeakMap<JsonSchema, ValidateFunction>()
  readonly #isWhole: boolean

  /** `isWhole`: a field that is not described is a fault too. */
  constructor({ components }: OpenApiDocument, isWhole: boolean) {
    this.#isWhole = isWhole
    addFormats.default(this.#ajv)
    for (const [name, schema] of Object.entries(components.schemas)) this.#ajv.addSchema(this.#read(schema), name)
  }

  of(schema: JsonSchema): ValidateFunction {
    const known = this.#compiled.get(schema) ?? this.#ajv.compile(this.#read(schema))
    this.#compiled.set(schema, known)
    return known
  }

  /** References are the names under which Ajv has the schemas. */
  #read(schema: JsonSchema): JsonSchema {
    const text = JSON.stringify(schema, (_name, inner) =>
      this.#isWhole && isObjectSchema(inner) ? { ...inner, additionalProperties: false } : inner,
    )
    return JSON.parse(text.replaceAll('"$ref":"#/components/schemas/', '"$ref":"'))
  }
}

const validators = new WeakMap<OpenApiDocument, Record<'whole' | 'open', Validators>>()

function validatorsOf(api: OpenApiDocument) {
  const known = validators.get(api) ?? { whole: new Validators(api, true), open: new Validators(api, false) }
  validators.set(api, known)
  return known
}

const isObjectSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && 'type' in value && value.type === 'object' && 'properties' in value

/** In words, with where each is; none when it fits. */
export function faultsOf(api: OpenApiDocument, schema: JsonSchema, value: unknown): string[] {
  const validate = validatorsOf(api).whole.of(schema)
  if (validate(value)) return []
  return (validate.errors ?? []).map(({ instancePath, message, params }) =>
    [`it${instancePath}`, message, JSON.stringify(params)].join(' '),
  )
}

/** As a client may take it that reads the document. */
export const fits = (api: OpenApiDocument, schema: JsonSchema, value: unknown): boolean =>
  validatorsOf(api).open.of(schema)(value) === true

const words = ['a', 'Ada', 'x y', ' é ', '日本', '😀', 'O’Neill', '<b>', "'; --", '0', 'null', 'constructor']

/** One of those that fit. */
export function madeOf(api: OpenApiDocument, schema: JsonSchema, random: Random): unknown {
  const found = resolve(schema, api.components.schemas)
  const { anyOf, type, enum: options, properties, required = [], items, minimum, maximum } = found
  if ('const' in found) return found.const
  if (options) return random.pick(options)
  if (anyOf) return madeOf(api, random.pick(anyOf), random)
  switch (random.pick([type ?? 'null'].flat())) {
    case 'object':
      return Object.fromEntries(
        Object.entries(properties ?? {})
          .filter(([name]) => required.includes(name) || random.chance(0.5))
          .map(([name, inner]) => [name, madeOf(api, inner, random)]),
      )
    case 'array':
      return Array.from({ length: random.between(0, 3) }, () => madeOf(api, items ?? {}, random))
    case 'string':
      return textOf(found, random)
    case 'integer':
      return random.between(Number(minimum ?? -1000), Number(maximum ?? 1000))
    case 'number':
      return random.next() * 1000
    case 'boolean':
      return random.chance(0.5)
    default:
      return null
  }
}

function textOf({ format, pattern, minLength = 0, maxLength = 40, examples }: JsonSchema, random: Random): string {
  const name = random.between(0, 2 ** 31).toString(36)
  const id = () =>
    '0199f3a2-7c1e-7b52-9d3f-'.replace(/^.{8}/, random.between(2 ** 28, 2 ** 31).toString(16)) +
    name.padStart(12, '0').replaceAll(/[g-z]/g, 'a')
  switch (format) {
    case 'uuid':
      return id()
    case 'email':
      return `${name}@example.org`
    case 'date-time':
      return new Date(random.between(0, 2 ** 31) * 1000).toISOString()
  }
  if (typeof pattern === 'string') return byPattern(pattern, random)
  if (examples && random.chance(0.2)) return String(examples[0])
  const [least, most] = [Number(minLength), Number(maxLength)]
  const length = random.pick([least, most, Math.min(most, least + 1), random.between(least, Math.min(most, 60))])
  const characters: string[] = []
  while (characters.length < length) characters.push(...random.pick(words))
  return characters.slice(0, length).join('')
}

/** Of classes of characters and single ones, each so many times: there are no others in the document. */
function byPattern(pattern: string, random: Random): string {
  const parts = pattern.slice(1, -1).matchAll(/(\[.*?\]|[^[\]{}+*?()|])(?:\{(\d+),(\d+)\}|(\+))?/g)
  const text = Array.from(parts, ([, characters = '', least = 1, most = 1, many]) => {
    const one = new RegExp(`^${characters}$`)
    const all = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).filter((char) => one.test(char))
    return Array.from({ length: random.between(Number(least), many ? 20 : Number(most)) }, () => random.pick(all)).join(
      '',
    )
  }).join('')
  if (!new RegExp(pattern, 'u').test(text)) throw new Error(`say how to make a text of ${pattern}`)
  return text
}

// biome-ignore format: a list
const nonsense = [
  5, -1, 0, 1.5, 2 ** 31, 1e300, true, false, null, [], {}, [null], { a: 1 }, '', ' ', 'x', 'nonsense', 'x'.repeat(300), 'x'.repeat(20_000), '\u0000',
  'a\nb', 'é', '😀', 'a@', '@b', 'a b@example.org', '0199f3a2-7c1e-7b52-9d3f', '2026-02-30T00:00:00Z',
]

/** One of those that do not fit, such that `may` be; undefined where anything does. */
export function misfitOf(
  api: OpenApiDocument,
  schema: JsonSchema,
  random: Random,
  may: (value: unknown) => boolean = () => true,
): unknown {
  return random.shuffled(nonsense).find((value) => may(value) && !fits(api, schema, value))
}
