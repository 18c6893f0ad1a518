/** What lists are measured on, made by the database itself; and the statements that Plinth sends for a page of each, for who does the same. */
import type { OwnDatabase, Person } from './own-database.ts'

export interface Sizes {
  tasks: number
  drifts: number
  messages: number
}

export interface Statement {
  name: string
  text: string
  values: unknown[]
}

/** A page of a list: how Plinth is asked for it, and what it asks its database. */
export interface Page {
  procedure: string
  input: Record<string, unknown>
  statements: Statement[]
}

const limit = 50
/** Everything is `person`'s own, but for drifts, which are everybody's. Returns the conversation. */
export async function fill(database: OwnDatabase, { id: userId }: Person, sizes: Sizes): Promise<string> {
  await database.query(
    `insert into tasks (id, user_id, title, rank, completed)
     select gen_random_uuid(), $1, 'A task of the usual length', 'a' || lpad(n::text, 8, '0'), n % 3 = 0 from generate_series(1, $2::int) n`,
    [userId, sizes.tasks],
  )
  await database.query(
    `insert into task_lists (user_id, open_count, done_count)
     select $1, count(*) filter (where not completed), count(*) filter (where completed) from tasks where user_id = $1`,
    [userId],
  )
  await database.query(
    `insert into drifts (id, external_id, resource_type, resource_id, provider, region, severity, status, expected, actual, detected_at, updated_at)
     select gen_random_uuid(), 'aws/security_group/' || n, 'security_group', 'web-' || n, case when n % 3 = 0 then 'gcp' else 'aws' end, 'eu-central-1',
       (array['low', 'low', 'medium', 'medium', 'medium', 'high', 'high', 'critical'])[1 + n % 8],
       case when n > $1::int - 20 then 'rejected' when n % 4 = 0 then 'approved' when n % 7 = 0 then 'resolved' else 'pending' end,
       '{"ingress": ["443/tcp"]}', '{"ingress": ["443/tcp", "22/tcp"]}', now() - n * interval '10 seconds', now()
     from generate_series(1, $1::int) n`,
    [sizes.drifts],
  )
  await database.query(
    `insert into drift_counts (provider, status, severity, n)
     select provider, status, severity, count(*) from drifts group by provider, status, severity`,
  )
  const [conversation] = await database.query<{ id: string }>(
    `insert into conversations (id, user_id, title, message_count) values (gen_random_uuid(), $1, 'A long one', $2) returning id`,
    [userId, sizes.messages],
  )
  const id = String(conversation?.id)
  await database.query(
    `insert into messages (id, user_id, conversation_id, role, content, position)
     select gen_random_uuid(), $1, $2, case when n % 2 = 0 then 'assistant' else 'user' end, repeat('A sentence of a message. ', 8), n
     from generate_series(1, $3::int) n`,
    [userId, id, sizes.messages],
  )
  await database.query(
    `insert into channels (id, epoch, head) select unnest($1::text[]), 'bench', 1 on conflict do nothing`,
    [[`tasks:${userId}`, `conversation:${id}`, 'drifts']],
  )
  await database.query('vacuum (analyze)')
  return id
}

const channel = (id: string): Statement => ({
  name: 'channel',
  text: 'select id, epoch, head, floor from channels where id in ($1)',
  values: [id],
})
/** As `toList` writes it. */
const cursorOf = (place: unknown[]) => Buffer.from(JSON.stringify(place)).toString('base64url')

export async function pagesOf(
  database: OwnDatabase,
  { id: userId }: Person,
  conversationId: string,
  sizes: Sizes,
): Promise<Record<string, Page>> {
  const [middle] = await database.query<{ at: string; id: string }>(
    `select to_char(detected_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, id from drifts
     order by detected_at desc, id desc offset $1 limit 1`,
    [Math.floor(sizes.drifts / 2)],
  )
  const place = [middle?.at, middle?.id]
  const half = `a${String(Math.floor(sizes.tasks / 2)).padStart(8, '0')}`
  const tasks = (name: string, more: string, values: unknown[], input: Page['input']): Page => ({
    procedure: 'tasks.list',
    input,
    statements: [
      channel(`tasks:${userId}`),
      {
        name: 'list',
        text: 'select user_id, open_count, done_count from task_lists where user_id = $1',
        values: [userId],
      },
      {
        name: `tasks ${name}`,
        text: `select id, user_id, title, description, completed, rank, version, deleted_at, created_at, updated_at from tasks
          where user_id = $1 and deleted_at is null ${more} order by rank limit ${limit + 1}`,
        values: [userId, ...values],
      },
    ],
  })
  const drifts = (name: string, filters: Record<string, string>, after: unknown[], input: Page['input']): Page => {
    const narrowed = Object.keys(filters).map((column, at) => `${column} = $${at + 1}`)
    const count = narrowed.length
    const later = after.length > 0 ? [`(detected_at, id) < ($${count + 1}::timestamptz, $${count + 2}::uuid)`] : []
    const where = (parts: string[]) => (parts.length > 0 ? `where ${parts.join(' and ')}` : '')
    return {
      procedure: 'drifts.list',
      input,
      statements: [
        channel('drifts'),
        {
          name: `count ${name}`,
          text: `select coalesce(sum(n), 0)::bigint as n from drift_counts ${where(narrowed)}`,
          values: Object.values(filters),
        },
        {
          name: `drifts ${name}`,
          text: `select id, external_id, resource_type, resource_id, provider, region, severity, status, version, detected_at, decided_at, created_at, updated_at
            from drifts ${where([...narrowed, ...later])} order by detected_at desc, id desc limit ${limit + 1}`,
          values: [...Object.values(filters), ...after],
        },
      ],
    }
  }
  const messages = (name: string, after: number, input: Page['input']): Page => ({
    procedure: 'conversations.messages.list',
    input: { conversationId, ...input },
    statements: [
      channel(`conversation:${conversationId}`),
      {
        name: 'conversation',
        text: 'select id, user_id, title, message_count, version, created_at, updated_at from conversations where id = $1 and user_id = $2',
        values: [conversationId, userId],
      },
      {
        name: 'answer',
        text: 'select id, content, failure from answers where conversation_id = $1',
        values: [conversationId],
      },
      {
        name: `messages ${name}`,
        text: `select id, user_id, conversation_id, role, content, position, stopped, created_at from messages
          where conversation_id = $1 and position > $2 order by position limit ${limit + 1}`,
        values: [conversationId, after],
      },
    ],
  })
  const common = { status: 'pending', severity: 'critical' }
  const rare = { status: 'rejected', provider: 'gcp' }
  return {
    'tasks, first page': tasks('first', '', [], {}),
    'tasks, middle by cursor': tasks('middle', 'and rank > $2', [half], { cursor: cursorOf([half]) }),
    'tasks, those done': tasks('done', 'and completed = $2', [true], { completed: true }),
    'drifts, first page': drifts('first', {}, [], {}),
    'drifts, middle by cursor': drifts('middle', {}, place, { cursor: cursorOf(place) }),
    'drifts, pending and critical': drifts('common', common, [], common),
    'drifts, a rare kind': drifts('rare', rare, [], rare),
    'messages, first page': messages('first', 0, {}),
    'messages, middle by cursor': messages('middle', Math.floor(sizes.messages / 2), {
      cursor: cursorOf([Math.floor(sizes.messages / 2)]),
    }),
  }
}
