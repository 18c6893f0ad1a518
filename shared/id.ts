import { z } from 'zod'

/** Opaque: callers keep it and send it back, nothing parses it. Written in one way, for names are made of it and compared. */
export const Id = z.uuid().toLowerCase()
export type Id = z.infer<typeof Id>
