/** Inputs that a procedure must refuse, made of its own schemas: a new procedure brings them with it. */
import { z } from 'zod'
import type { ProcedureMeta } from '../trpc.ts'

type Fields = Record<string, unknown>

export interface Taking {
  meta: ProcedureMeta | undefined
  inputs: readonly z.ZodType[]
}

/** An address carries nothing else; the first is for its path, which any other would make another one. */
const texts = ['nonsense', ' ', 'x'.repeat(65), '']
const values = [5, true, [], {}, null]

const schemaOf = (input: z.ZodType) => z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' })

export function fieldsOf({ inputs }: Taking): string[] {
  return [...new Set(inputs.flatMap((input) => Object.keys(schemaOf(input).properties ?? {})))]
}

/** Those of the address, which are there or the call is another one. */
export const fieldsInPath = ({ meta }: Taking): string[] =>
  Array.from((meta?.rest?.path ?? meta?.socket?.path ?? '').matchAll(/\{(.*?)\}/g), ([, name]) => name as string)

const refuses = ({ inputs }: Taking, field: string, value: unknown) =>
  inputs.some((input) => input.safeParse({ [field]: value }).error?.issues.some(({ path }) => path[0] === field))

/** Every field that can be wrong is, at once: as text where a text can be. Null where none can. */
export function wrongTexts(procedure: Taking): Fields | null {
  const inPath = fieldsInPath(procedure)
  // A plain socket calls the rest of them by names of its own.
  return wrong(procedure, (field) => (procedure.meta?.socket && !inPath.includes(field) ? [] : texts))
}

/** Every field of another type than it should be; what stands in the address is text all the same. */
export function wrongTypes(procedure: Taking): Fields | null {
  if (procedure.meta?.rest?.method === 'GET' || procedure.meta?.socket) return null
  const inPath = fieldsInPath(procedure)
  return wrong(procedure, (field) => (inPath.includes(field) ? texts : values))
}

function wrong(procedure: Taking, candidates: (field: string) => unknown[]): Fields | null {
  const faults = fieldsOf(procedure).flatMap((field) => {
    const value = candidates(field).find((value) => refuses(procedure, field, value))
    return value === undefined ? [] : [[field, value]]
  })
  // Any text is valid for the id of an existing row, and without the parameter the path is another one.
  const ids = fieldsInPath(procedure).map((field) => [field, texts[0]])
  return faults.length > 0 ? Object.fromEntries([...ids, ...faults]) : null
}

/** Nothing but what the address needs; null where that is enough. */
export function missingFields(procedure: Taking, whole: Fields | undefined): Fields | null {
  const rest = Object.fromEntries(fieldsInPath(procedure).map((field) => [field, whole?.[field]]))
  return procedure.inputs.some((input) => !input.safeParse(rest).success) ? rest : null
}
