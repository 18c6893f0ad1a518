/** Inputs of procedures, from their own schemas: right, nearly right, and wrong in one way or all. */
import { randomUUID } from 'node:crypto'
import type { Random } from '../chaos/random.ts'
import { marks, nastyDocument, nastyText, nastyValue, spoiled } from './dictionary.ts'
import { JsonText, toJson } from './json-text.ts'
import type { Schema } from './procedures.ts'

/** What is really there, so that an attack gets past the first look. */
export interface Known {
  /** By the name of a field, such as `draftId`. */
  ids: Readonly<Record<string, readonly string[]>>
  emails: readonly string[]
}

/** Fields that no answer and no log may repeat. */
const secretField = /password|token|code/i

/** Given beside what a procedure asks for: none may have an effect. */
const extras: Record<string, unknown> = {
  id: '0190f2c4-0000-7000-8000-000000000001',
  role: 'admin',
  userId: '0190f2c4-0000-7000-8000-000000000002',
  emailVerified: true,
  isActive: true,
  ownerId: '0190f2c4-0000-7000-8000-000000000003',
  createdAt: '1970-01-01T00:00:00Z',
  idempotencyKey: 'x y',
  constructor: { prototype: { polluted: true } },
  toJSON: 'x',
}

export class Inputs {
  readonly #random: Random
  readonly #known: Known

  constructor(random: Random, known: Known) {
    this.#random = random
    this.#known = known
  }

  /** As the schema asks for it, as far as JSON Schema tells. */
  valid(schema: Schema | null, name = ''): unknown {
    const random = this.#random
    if (!schema) return undefined
    const { allOf, anyOf, oneOf, properties } = schema
    if (allOf) {
      const all = allOf.map((one) => this.valid(one, name))
      return all.length === 1 ? all[0] : Object.assign({}, ...all)
    }
    const alternatives = anyOf ?? oneOf
    if (alternatives) return this.valid(random.pick(alternatives), name)
    if ('const' in schema) return schema.const
    if (schema.enum) return random.pick(schema.enum)
    if (properties) {
      const asked = Object.entries(properties).filter(
        ([field]) => schema.required?.includes(field) || random.chance(0.5),
      )
      return Object.fromEntries(asked.map(([field, one]) => [field, this.valid(one, field)]))
    }
    switch ([schema.type ?? 'string'].flat()[0]) {
      case 'object':
        return {}
      case 'array':
        return Array.from({ length: random.between(0, 3) }, () => this.valid(schema.items ?? {}, name))
      case 'boolean':
        return random.chance(0.5)
      case 'integer':
      case 'number':
        return random.between(schema.minimum ?? 0, Math.min(schema.maximum ?? 1000, 1e9))
      case 'null':
        return null
      default:
        return this.#text(schema, name)
    }
  }

  /** A value to send: mostly near enough to what is asked for that it is looked at. */
  hostile(schema: Schema | null): unknown {
    const random = this.#random
    const input = this.valid(schema)
    if (random.chance(0.1)) return nastyValue(random)
    if (typeof input !== 'object' || input === null) return random.chance(0.5) ? input : nastyValue(random)
    const fields = Object.entries(input)
    const names = [...fields.map(([name]) => name), ...Object.keys(extras)]
    return random.pick([
      () => input,
      // One field wrong, and one more.
      () => this.#with(fields, random.pick(names), nastyValue(random)),
      () => this.#with(fields, random.pick(names), nastyText(random)),
      () => this.#with(fields, random.pick(names), nastyText(random)),
      () => Object.fromEntries(fields.map(([name]) => [name, nastyValue(random)])),
      () => Object.fromEntries(fields.filter(() => random.chance(0.5))),
      () => ({ ...input, ...extras }),
      () => this.#with(fields, nastyText(random), nastyValue(random)),
      // Another type of the same.
      () => this.#with(fields, random.pick(names), [this.valid(schema)]),
      () => Object.fromEntries(fields.map(([name, value]) => [name, random.pick([String(value), [value], { value }])])),
      () => [input],
      () => ({ json: input }),
      () => Object.fromEntries([...fields, ['__proto__', { polluted: true, ...extras }]]),
    ])()
  }

  /** Its JSON, or what is to be taken for it. `mostBytes`: about. */
  document(schema: Schema | null, mostBytes: number): Buffer {
    const random = this.#random
    if (random.chance(0.06)) return Buffer.from(nastyDocument(random, random.chance(0.3) ? mostBytes : 2000))
    const json = toJson(this.hostile(schema))
    return random.chance(0.08) ? spoiled(random, json) : Buffer.from(json)
  }

  #with(fields: [string, unknown][], name: string, value: unknown): unknown {
    const others = fields.filter(([field]) => field !== name)
    if (!this.#random.chance(0.05)) return Object.fromEntries([...others, [name, value]])
    // The same name twice: which one counts is the parser's.
    const twice = [...fields, [name, value] as const].map(([field, one]) => `${JSON.stringify(field)}:${toJson(one)}`)
    return new JsonText(`{${twice.join()}}`)
  }

  #text({ format, example }: Schema, name: string): string {
    const random = this.#random
    if (secretField.test(name)) return secretText(random)
    if (format === 'uuid' || /id$/i.test(name)) {
      const known = this.#known.ids[name] ?? Object.values(this.#known.ids).flat()
      return random.chance(0.8) && known.length > 0 ? random.pick(known) : randomUUID()
    }
    if (format === 'email' || name === 'person' || name === 'to') return random.pick(this.#known.emails)
    if (format === 'date-time') return new Date(random.between(0, 2e9) * 1000).toISOString()
    if (name === 'lastEventId') return random.pick(['0', '1', 'x:1'])
    if (name === 'username') return `u_${random.between(0, 1e9)}`
    if (typeof example === 'string' && random.chance(0.3)) return example
    return `${marks.text}${random.between(0, 1e9)}`
  }
}

/** A password, a token or a code: of no one. */
export function secretText(random: Random): string {
  return `${marks.secret}${random.between(0, 2 ** 31)}${random.chance(0.1) ? nastyText(random) : ''}`
}
