/** Which procedures answer over REST, and where. What cannot work stops the start, not the first caller. */
import type { AnyRouter } from '@trpc/server'
import { z } from 'zod'
import type { Capability } from '../../../shared/capabilities.ts'
import type { ErrorCode } from '../../../shared/errors.ts'
import type { Deprecation } from './deprecation.ts'
import { type InputFields, inputFields } from './input-fields.ts'

export interface RestMeta {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With its parameters in braces, such as `/api/v1/tasks/{id}`. They, the query and the body together are the input. */
  path: `/${string}`
  /** Of an answer with a body, 200 if absent; one without is a 204. */
  status?: 200 | 201 | 202
  /** What it does, in a few words, for its documentation; absent, the procedure's name is. */
  summary?: string
  /** What it may fail with beside what any call may. */
  errors?: readonly ErrorCode[]
  /** It goes away: documents and each of its answers say so. The procedure itself stays for as long as it is in the router. */
  deprecated?: Deprecation | null
}

/**
 * Who may call: any caller (`anybody`); a caller whose input is a credential; a user (`signed-in`), or also by an API key (`user-or-key`); users and
 * keys that have a capability; or the operator of the server, who does not sign in.
 */
export type Access = 'anybody' | 'credential' | 'user-or-key' | 'signed-in' | 'operator' | Capability

export interface RestRoute {
  /** Of the procedure, in the router. */
  readonly name: string
  readonly type: 'query' | 'mutation'
  readonly rest: Required<RestMeta>
  readonly access: Access | undefined
  /** Whoever is not signed in may as well, where an operator has not switched that off. */
  readonly isPublicRead: boolean
  /** No API key may, whatever its scopes. */
  readonly refusesKeys: boolean
  /** What comes in or goes out is secret: no answer is kept for a key, and nothing may come in the address. */
  readonly isSecret: boolean
  readonly inputs: readonly z.ZodType[]
  readonly output: unknown
  /** Null when it takes no input, and so ignores whatever comes. */
  readonly fields: InputFields | null
}

interface Procedure {
  _def: {
    type: 'query' | 'mutation' | 'subscription'
    meta?: { rest?: RestMeta; access?: Access; publicRead?: true; refusesKeys?: true; audit?: { secret?: true } }
    inputs: unknown[]
    output?: unknown
  }
}

export function restRoutesOf(router: AnyRouter): RestRoute[] {
  const procedures = Object.entries(router._def.procedures as Record<string, Procedure>)
  return procedures.flatMap(([name, { _def }]) => {
    const { rest, access, publicRead, refusesKeys, audit } = _def.meta ?? {}
    if (!rest) return []
    if (access === 'operator') throw new Error(`${name}: the operator's commands do not come over REST`)
    const { type, output } = _def
    // Reading is what browsers do without being asked, across sites too; it must change nothing (RFC 9110 section 9.2.1).
    if (type === 'subscription' || (rest.method === 'GET') !== (type === 'query')) {
      throw new Error(`${name}: GET is for queries, and any other method for mutations`)
    }
    const inputs = _def.inputs.map((input) => asZod(name, input))
    const fields = inputs.length === 0 ? null : inputFields(inputs.map((input) => z.toJSONSchema(input, how)))
    for (const parameter of pathParameters(rest.path)) {
      if (!fields?.has(parameter)) throw new Error(`${name}: {${parameter}} is no field of its input`)
    }
    const whole = { status: 200, summary: inWords(name), errors: [], deprecated: null, ...rest } as const
    const isSecret = audit?.secret === true
    const isPublicRead = publicRead === true
    const isForPeople = refusesKeys === true || access === 'signed-in'
    return [
      { name, type, rest: whole, access, isPublicRead, refusesKeys: isForPeople, isSecret, inputs, output, fields },
    ]
  })
}

export const pathParameters = (path: string): string[] =>
  [...path.matchAll(/\{(.*?)\}/g)].map(([, name]) => name as string)

/** `drafts.passRing` is "Pass ring". */
function inWords(name: string): string {
  const words = (name.split('.').at(-1) as string).replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return words.charAt(0).toUpperCase() + words.slice(1)
}

const how = { io: 'input', unrepresentable: 'any' } as const

function asZod(name: string, schema: unknown): z.ZodType {
  if (schema instanceof z.ZodType) return schema
  throw new Error(`${name}: its input is no Zod schema`)
}
