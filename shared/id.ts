import { z } from 'zod'

/** As the server generates them. Opaque to callers, who store one and send it back. In one spelling, because names contain it and are compared. */
export const Id = z.uuid().toLowerCase()
export type Id = z.infer<typeof Id>

/** A well-formed id that no row has: generated ids contain their time (RFC 9562 section 5.9). */
const nothing = '00000000-0000-0000-0000-000000000000'

/**
 * The id of an existing row, in an input. Ids are opaque, so a malformed one is not a validation error: it gets the same response as
 * an unknown one.
 */
export const TargetId = z
  .string()
  .meta({ description: 'An id that the server has given; opaque' })
  .transform((text): Id => Id.safeParse(text).data ?? nothing)
