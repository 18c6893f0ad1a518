/** What every failure carries, and the schema of its code. The codes themselves are those of the table. */
import { z } from 'zod'
import { SessionEndReason } from './account.ts'
import { errorTable } from './error-table.ts'

export { errorTable }

export type ErrorCode = keyof typeof errorTable
export const ErrorCode = z.enum(Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]])

/** One fault of one field. `field` is a path such as `displayName` or `items.0.title`; empty for the whole input. */
export const FieldFault = z.object({ field: z.string(), message: z.string() })
export type FieldFault = z.infer<typeof FieldFault>

/** What every failure carries, whichever door answers. */
export const ErrorBody = z.object({
  code: ErrorCode,
  message: z.string(),
  details: z.array(FieldFault).optional(),
  /** Why the session ended, for the holder of a credential of that session, while the server still stores it. */
  endReason: SessionEndReason.optional(),
})
export type ErrorBody = z.infer<typeof ErrorBody>
