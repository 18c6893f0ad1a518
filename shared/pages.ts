/** Paged lists: opaque cursors over a total order, at most 100 items a page. */
import { z } from 'zod'

/** Opaque: callers keep it and send it back, nothing parses it. Written in one way, for names are made of it and compared. */
export const Id = z.uuid().toLowerCase()
export type Id = z.infer<typeof Id>

export const PageRequest = z.object({
  /** `nextCursor` of the page before; absent for the first page. */
  cursor: Id.optional(),
  limit: z.int().min(1).max(100).default(50),
})
export type PageRequest = z.infer<typeof PageRequest>

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: Id.nullable() })
}
