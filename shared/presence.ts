/** Who is looking at the same thing at the moment. A hint, and never older than some seconds. */
import { z } from 'zod'
import { PersonRef } from './person-ref.ts'

export const Present = z.object({
  person: PersonRef,
  /** Is typing just now. */
  writing: z.boolean(),
})
export type Present = z.infer<typeof Present>
