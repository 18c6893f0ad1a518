/** Text search in a user's own conversations: by title, and by what is said in a message, all of whose words are in that one message. */
import { and, desc, eq, sql } from 'drizzle-orm'
import type { HitOf } from '../../../shared/search.ts'
import { excerptOf } from '../../../shared/search-words.ts'
import { searchScope } from '../../platform/db/columns.ts'
import type { Database } from '../../platform/db/database.ts'
import { type Given, preparedQuery } from '../../platform/db/prepared.ts'
import { fitting, searchQuery } from '../../platform/db/text-search.ts'
import { conversations, conversationWords, messages, messageWords } from './table.ts'

interface Asked {
  /** Absent: all fit. */
  text: string | undefined
  limit: number
}

/** Each once: those with all words in the title first, then those with the newest activity. */
export async function searchConversations(
  db: Database,
  { id: userId }: { id: string },
  { text, limit }: Asked,
): Promise<HitOf<'conversation'>[]> {
  const titled = await readTitled(db, { userId, text, limit })
  const said = text === undefined ? [] : await readSaid(db, { userId, text, limit })
  const inTitle = new Set(titled.map(({ id }) => id))
  const rows = [
    ...titled.map((row) => ({ ...row, messageId: null, content: null })),
    ...said.filter(({ id }) => !inTitle.has(id)),
  ]
  return rows.slice(0, limit).map(({ id, title, updatedAt, messageId, content }) => ({
    kind: 'conversation',
    id,
    title,
    messageId,
    inTitle: text !== undefined && content === null,
    excerpt: text === undefined ? null : excerptOf(content, title ?? '', text),
    at: updatedAt.toISOString(),
  }))
}

const ownQuery = (text: unknown, userId: unknown) => searchQuery(text, sql`array[${searchScope(sql`${userId}::uuid`)}]`)

const { id, title, updatedAt } = conversations
const newest = sql`${desc(updatedAt)}, ${desc(id)}`

const readTitled = preparedQuery(null, (db, { userId, text, limit }: Given<{ userId: string } & Asked>) => {
  const own = eq(conversations.userId, userId)
  const query = text && ownQuery(text, userId)
  const found =
    query &&
    fitting({ table: conversations, words: conversationWords(conversations), query, where: own, order: newest })
  return db
    .select({ id, title, updatedAt })
    .from(found ?? conversations)
    .where(found ? undefined : own)
    .orderBy(newest)
    .limit(limit)
})

/** With the newest message of each that fits. */
const readSaid = preparedQuery(
  null,
  (db, { userId, text, limit }: Given<{ userId: string; text: string; limit: number }>) => {
    const { id: messageId, conversationId, content, createdAt } = messages
    const found = fitting({
      table: messages,
      words: messageWords(messages),
      query: ownQuery(text, userId),
      where: eq(messages.userId, userId),
      order: desc(createdAt),
      // Their texts are long.
      newest: 50,
    })
    const said = db
      .selectDistinctOn([conversationId], { messageId, conversationId, content })
      .from(found)
      .orderBy(conversationId, desc(createdAt))
      .as('said')
    // With a limit it is looked up for each: as a plain join Postgres may read the whole table for it.
    const own = db
      .select({ id, title, updatedAt })
      .from(conversations)
      .where(and(eq(id, said.conversationId), eq(conversations.userId, userId)))
      .limit(1)
      .as('own')
    return db
      .select({
        id: own.id,
        title: own.title,
        updatedAt: own.updatedAt,
        messageId: said.messageId,
        content: said.content,
      })
      .from(said)
      .crossJoinLateral(own)
      .orderBy(desc(own.updatedAt), desc(own.id))
      .limit(limit)
  },
)
