/** Which procedures are tools of the MCP door, and what a client is told of each. What cannot work stops the start, not the first caller. */
import type { AnyRouter } from '@trpc/server'
import { z } from 'zod'
import { IdempotencyKey } from '../idempotency/idempotency-key.ts'
import { mayUse } from '../identity/may-use.ts'
import type { Actor } from '../identity/sessions.ts'
import type { Access } from '../rest/rest-route.ts'
import { type JsonSchema, writeSchema } from '../rest/schema-book.ts'

export interface McpMeta {
  /** What it does, for a model that chooses among tools; absent, what REST says of it (`summary`) is. */
  description?: string
  /** Of a mutation: it only adds, and nothing that was there is changed or gone. */
  destructive?: false
  /** Of a mutation: the same call again changes nothing more, without a key too. */
  idempotent?: true
}

export interface Tool {
  /** Of the procedure, in the router. */
  readonly path: string
  readonly type: 'query' | 'mutation'
  readonly access: Exclude<Access, 'credential' | 'operator'> | undefined
  /** As clients get it, in the words of the protocol. */
  readonly definition: {
    readonly name: string
    readonly description: string
    readonly inputSchema: ObjectSchema
    readonly outputSchema?: ObjectSchema
    readonly annotations: Record<'readOnlyHint' | 'destructiveHint' | 'idempotentHint' | 'openWorldHint', boolean>
  }
}

/** Whole in itself. Clients of the protocol's earlier versions refuse any other type. */
type ObjectSchema = JsonSchema & { type: 'object' }

interface Procedure {
  _def: {
    type: 'query' | 'mutation' | 'subscription'
    meta?: { mcp?: McpMeta; rest?: { summary?: string }; access?: Access; audit?: { secret?: true } }
    inputs: unknown[]
    output?: unknown
  }
}

/** In the order of the router, which is always the same: clients keep the list. */
export function toolsOf(router: AnyRouter): Tool[] {
  const procedures = Object.entries(router._def.procedures as Record<string, Procedure>)
  const tools = procedures.flatMap(([path, { _def }]) => (_def.meta?.mcp ? [toolOf(path, _def, _def.meta.mcp)] : []))
  const byName = Map.groupBy(tools, ({ definition }) => definition.name)
  for (const [name, ofName] of byName) {
    if (ofName.length > 1) throw new Error(`${ofName.map(({ path }) => path).join(' and ')} are both the tool ${name}`)
  }
  return tools
}

function toolOf(path: string, { type, meta = {}, inputs, output }: Procedure['_def'], mcp: McpMeta): Tool {
  const { access, audit, rest } = meta
  if (type === 'subscription') throw new Error(`${path}: a stream is no tool, for a tool answers once`)
  // What a model reads or writes is in its conversation, and so with whoever keeps that.
  if (audit?.secret || access === 'credential') throw new Error(`${path}: what deals in secrets is no tool`)
  if (access === 'operator') throw new Error(`${path}: no operator has a token`)
  const description = mcp.description ?? rest?.summary
  if (!description) throw new Error(`${path}: say what it does, for models to choose by`)
  const outputSchema = outputSchemaOf(path, output)
  return {
    path,
    type,
    access,
    definition: {
      name: path.replaceAll('.', '_'),
      description,
      inputSchema: inputSchemaOf(path, inputs, { takesKey: audit !== undefined }),
      ...(outputSchema && { outputSchema }),
      annotations: {
        readOnlyHint: type === 'query',
        destructiveHint: type === 'mutation' && mcp.destructive !== false,
        idempotentHint: type === 'query' || mcp.idempotent === true,
        // All that there is to find is in here.
        openWorldHint: false,
      },
    },
  }
}

/** Whether to show it to `actor`. Whether they may, its procedure says when it is called. */
export function isFor(actor: Actor, { access }: Tool): boolean {
  switch (access) {
    case undefined:
    case 'anybody':
    case 'user-or-key':
      return true
    case 'signed-in':
      return actor.scopes === null
    default:
      return mayUse(actor, access)
  }
}

/** All that its schemas ask for, and the key beside it. */
function inputSchemaOf(path: string, inputs: unknown[], { takesKey }: { takesKey: boolean }): ObjectSchema {
  const schemas = inputs.map((input) => objectSchemaOf(path, input, 'input'))
  const idempotencyKey: JsonSchema = { ...writeSchema(IdempotencyKey, 'input'), description: keyDescription }
  return {
    type: 'object',
    properties: Object.assign({}, ...schemas.map(({ properties }) => properties), takesKey && { idempotencyKey }),
    required: schemas.flatMap(({ required = [] }) => required),
    ...definitionsOf(Object.assign({}, ...schemas.map(({ $defs }) => $defs))),
  }
}

const keyDescription =
  'Of your own making, new for each thing to do. The same call again with the same key takes effect once and is answered as the first was'

function outputSchemaOf(path: string, output: unknown): ObjectSchema | null {
  return output instanceof z.ZodVoid ? null : objectSchemaOf(path, output, 'output')
}

const reference = '#/$defs/'

/** Not behind a reference, as one that has a name is written: those who take only objects do not look there. */
function objectSchemaOf(path: string, schema: unknown, io: 'input' | 'output'): ObjectSchema {
  if (!(schema instanceof z.ZodType)) throw new Error(`${path}: its ${io} is no Zod schema`)
  const { $ref, $defs = {}, ...inline } = writeSchema(schema, io)
  const { [$ref?.slice(reference.length) ?? '']: named, ...others } = $defs
  const { type = isOneOfObjects(schema) ? 'object' : undefined, ...rest } = named ?? inline
  if (type !== 'object') throw new Error(`${path}: its ${io} is no object`)
  return { type, ...rest, ...definitionsOf(others) }
}

const isOneOfObjects = (schema: z.ZodType) =>
  schema instanceof z.ZodUnion && schema.options.every((option) => option instanceof z.ZodObject)

const definitionsOf = ($defs: Record<string, JsonSchema>) => (Object.keys($defs).length > 0 ? { $defs } : {})
