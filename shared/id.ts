import { z } from 'zod'

/** As the server makes them. Opaque to callers, who store one and send it back. In one spelling, for names are made of it and compared. */
export const Id = z.uuid().toLowerCase()
export type Id = z.infer<typeof Id>

/** A well-formed id that nothing has: each one is made with the time in it (RFC 9562 section 5.9). */
const nothing = '00000000-0000-0000-0000-000000000000'

/**
 * The id of something that is there already, in an input. Ids are opaque, so a malformed one is no fault of form: it names nothing, as an
 * unknown one does, and is answered as that is.
 */
export const TargetId = z
  .string()
  .meta({ description: 'An id that the server has given; opaque' })
  .transform((text): Id => Id.safeParse(text).data ?? nothing)
