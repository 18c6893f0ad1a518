/** What the router itself says of its procedures: a new one is attacked without anybody naming it here. */
import { z } from 'zod'
import type { Access } from '../../platform/rest/rest-route.ts'
import { appRouter } from '../../router.ts'
import type { ProcedureMeta } from '../../trpc.ts'

/** As much of JSON Schema as inputs are made by. */
export interface Schema {
  type?: string | string[]
  format?: string
  enum?: unknown[]
  const?: unknown
  example?: unknown
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  minimum?: number
  maximum?: number
}

export interface Procedure {
  path: string
  type: 'query' | 'mutation' | 'subscription'
  access: Access | undefined
  publicRead: boolean
  rest: ProcedureMeta['rest']
  socket: ProcedureMeta['socket']
  /** Null for no input. */
  input: Schema | null
}

interface Built {
  _def: { type: Procedure['type']; meta?: ProcedureMeta; inputs: z.ZodType[] }
}

export const toSchema = (input: z.ZodType) => z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }) as Schema

export const procedures: readonly Procedure[] = Object.entries(
  appRouter._def.procedures as unknown as Record<string, Built>,
).map(
  ([
    path,
    {
      _def: { type, meta, inputs },
    },
  ]) => ({
    path,
    type,
    access: meta?.access,
    publicRead: meta?.publicRead === true,
    rest: meta?.rest,
    socket: meta?.socket,
    input: inputs.length === 0 ? null : { allOf: inputs.map(toSchema) },
  }),
)

export function procedureNamed(path: string): Procedure | undefined {
  return procedures.find((procedure) => procedure.path === path)
}
