/** Column shapes that every table shares. Ids are UUIDv7 made here: they sort by time and need no extension. */
import { timestamp, uuid } from 'drizzle-orm/pg-core'
import { v7 } from 'uuid'

export const newId = () => v7()

export const primaryId = () => uuid('id').primaryKey().$defaultFn(newId)
/** An instant, kept to the millisecond that JavaScript can hold, so that what is read equals what was written. */
export const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' })
export const createdAt = () => instant('created_at').notNull().defaultNow()
export const updatedAt = () =>
  instant('updated_at')
    .notNull()
    .defaultNow()
    .$onUpdate(() => new Date())
