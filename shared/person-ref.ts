import { z } from 'zod'
import { Id } from './id.ts'

/** As other people see somebody. */
export const PersonRef = z
  .object({
    id: Id,
    displayName: z.string().meta({ example: 'Ada' }),
    avatarUrl: z.string().nullable().meta({ example: null }),
  })
  .meta({ id: 'PersonRef' })
export type PersonRef = z.infer<typeof PersonRef>
