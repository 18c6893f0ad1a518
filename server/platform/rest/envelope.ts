/** What a success below `/api` is wrapped in. */
import { z } from 'zod'

const apiVersion = 'v1'

/** Of a list that can be paged by numbers. */
const NumberedPage = z.object({
  items: z.array(z.unknown()),
  pagination: z.looseObject({ page: z.int().nullable(), limit: z.int(), total: z.int(), totalPages: z.int() }),
})
/** An answer that is nothing but words for a person. */
const Words = z.strictObject({ message: z.string() })

export function envelope(answer: unknown) {
  const page = NumberedPage.safeParse(answer).data
  const words = Words.safeParse(answer).data
  return {
    success: true,
    data: page ? page.items : answer,
    ...words,
    meta: {
      timestamp: new Date().toISOString(),
      version: apiVersion,
      ...(page && { pagination: page.pagination }),
    },
  }
}
