/** Rows for plans that mean something: many people with some of everything, and one who has much of it. */
import type postgres from 'postgres'

export interface Filled {
  me: string
  /** An API key, a draft and a conversation of theirs, and a drift. */
  key: string
  draft: string
  conversation: string
  drift: string
  group: string
  /** By name of the table, as Postgres believes. */
  rowsOf: ReadonlyMap<string, number>
}

const people = 3000
/** Of most things that `me` has. */
const mine = 400

/** In the order in which they refer to each other. $1 is whoever has much. */
const statements = [
  `insert into users (id, display_name, email, username, role, is_active, privacy_settings, created_at)
   select gen_random_uuid(), 'Person ' || n, 'person' || n || '@example.org', 'person_' || n,
     case when n % 500 = 0 then 'engineer' else 'user' end, n % 300 <> 0,
     jsonb_build_object('profile', case when n % 3 = 0 then 'friends' else 'everyone' end, 'scores', 'group'), now() - n * interval '1 minute'
   from generate_series(1, ${people}) n`,
  `insert into identities (id, user_id, provider, subject, created_at)
   select gen_random_uuid(), id, case when random() < 0.2 then 'legacy' else 'google' end, id::text, created_at from users where id <> $1`,
  `insert into sessions (id, user_id, token_hash, expires_at, ended_at, key_name, key_scopes)
   select gen_random_uuid(), u.id, gen_random_uuid()::text, now() + interval '1 day', case when n = 1 then now() end,
     case when n = 3 then 'A program' end, case when n = 3 then array['draft:read'] end
   from users u, generate_series(1, 3) n`,
  `insert into audit_logs (id, actor_id, api_key_id, action, target, request_id, created_at)
   select gen_random_uuid(), p.id, case when n = 1 then gen_random_uuid() end, 'drafts.create', 'draft:' || gen_random_uuid(), 'r', now() - n * interval '1 hour'
   from users p, generate_series(1, 4) n`,
  `insert into audit_logs (id, actor_id, action, target, request_id)
   select gen_random_uuid(), $1, 'drafts.rename', 'draft:x', 'r' from generate_series(1, ${mine})`,
  `insert into drafts (id, title, owner_id, ring_holder_id)
   select gen_random_uuid(), 'Draft', p.id, p.id from users p, generate_series(1, 6)
   union all select gen_random_uuid(), 'Draft', $1, $1 from generate_series(1, ${mine})`,
  `insert into draft_collaborators (draft_id, user_id) select id, owner_id from drafts`,
  `insert into draft_segments (id, draft_id, author_id, position, text)
   select gen_random_uuid(), d.id, d.owner_id, n, 'Words of a segment' from drafts d, generate_series(1, 2) n`,
  `insert into invitations (id, kind, target_id, address, typed, inviter_id, expires_at, due_at)
   select gen_random_uuid(), 'draft', d.id, n || '@example.org', 'x', d.owner_id, now() + interval '1 day', null::timestamptz
   from drafts d, generate_series(1, 3) n
   union all select gen_random_uuid(), 'draft', d.id, 'more' || n || '@example.org', 'x', $1, now() + interval '1 day', null::timestamptz
   from (select id from drafts where owner_id = $1 limit 1) d, generate_series(1, 200) n`,
  `insert into groups (id, name, access_code, max_members, member_count)
   select gen_random_uuid(), 'Group', n::text, 100, 0 from generate_series(1, 20000) n`,
  `insert into group_memberships (group_id, user_id, role, permissions, joined_at)
   (select id, $1::uuid, 'admin', '{"can_invite":true,"can_kick":true}'::jsonb, now() from groups limit 100)
   union all select g.id, p.id, 'member', '{"can_invite":false,"can_kick":false}'::jsonb, now() - random() * interval '1 year'
   from (select id, row_number() over () as n from groups limit 3000) g join (select id, row_number() over () as n from users) p on p.n % 100 = g.n % 100
   on conflict do nothing`,
  `insert into group_memberships (group_id, user_id, role, permissions, joined_at)
   select g.group_id, p.id, 'member', '{"can_invite":false,"can_kick":false}'::jsonb, now() - random() * interval '1 year'
   from (select group_id from group_memberships where user_id = $1 and role = 'admin' order by group_id limit 1) g, (select id from users limit 70) p
   on conflict do nothing`,
  `insert into group_invitations (id, group_id, user_id, inviter_id, expires_at)
   select gen_random_uuid(), group_id, $1, min(user_id::text)::uuid, now() + interval '1 day' from group_memberships group by group_id limit 400`,
  `insert into group_invitations (id, group_id, user_id, inviter_id, expires_at)
   select gen_random_uuid(), m.group_id, p.id, m.user_id, now() + interval '1 day'
   from (select id, row_number() over () as n from users) p join (select group_id, user_id, row_number() over () as n from group_memberships) m on m.n = p.n
   on conflict do nothing`,
  `insert into task_lists (user_id, open_count) select id, 5 from users on conflict do nothing`,
  `insert into tasks (id, user_id, title, rank, completed, deleted_at)
   select gen_random_uuid(), p.id, 'Task', 'a' || lpad(n::text, 6, '0'), n % 3 = 0, case when n = 5 then now() end
   from users p, generate_series(1, 5) n
   union all select gen_random_uuid(), $1, 'Task ' || n, 'b' || lpad(n::text, 6, '0'), n % 10 = 0, case when n % 20 = 1 then now() end
   from generate_series(1, 5 * ${mine}) n`,
  `insert into conversations (id, user_id, message_count, updated_at)
   select gen_random_uuid(), p.id, 2, now() - random() * interval '1 year' from users p, generate_series(1, 2)
   union all select gen_random_uuid(), $1, 2, now() - n * interval '1 hour' from generate_series(1, ${mine}) n`,
  `insert into messages (id, user_id, conversation_id, role, content, position)
   select gen_random_uuid(), c.user_id, c.id, 'user', 'Words', n from conversations c, generate_series(1, 2) n`,
  `insert into answers (conversation_id, id, user_id) select id, gen_random_uuid(), user_id from conversations`,
  `insert into drifts (id, external_id, resource_type, resource_id, provider, severity, status, expected, detected_at, updated_at)
   select gen_random_uuid(), 'x/' || n, 'vm', n::text, case when n % 1000 = 7 then 'rare' when n % 3 = 0 then 'gcp' else 'aws' end,
     (array['low', 'low', 'low', 'medium', 'high', 'critical'])[1 + n % 6],
     case when n % 700 = 0 then 'rejected' when n % 5 = 0 then 'approved' when n % 7 = 0 then 'resolved' else 'pending' end,
     '{}', now() - n * interval '1 minute', now() - random() * interval '90 days'
   from generate_series(1, 12000) n`,
  `insert into drift_history (id, drift_id, action, actor_id)
   select gen_random_uuid(), id, 'approved', $1 from drifts, generate_series(1, 2)`,
  `insert into alerts (id, drift_id, severity, title, message, is_settled)
   select gen_random_uuid(), id, case when random() < 0.03 then 'critical' else 'high' end, 'Drift', 'Look', status <> 'pending'
   from drifts`,
  `insert into alert_reads (user_id, alert_id) select $1, id from alerts where random() < 0.5
   union all select (select id from users where id <> $1 limit 1), id from alerts`,
  `insert into alert_read_counts (user_id, n) select id, 1 from users on conflict do nothing`,
  `insert into channels (id, epoch, head)
   select kind || id, 'e', 1 from (select 'tasks:' as kind, id from users union all select 'conversation:', id from conversations
     union all select 'draft:', id from drafts) c
   on conflict do nothing`,
  // So many that Postgres has a reason not to read all of them for a page of members.
  `insert into users (id, display_name)
   select ('f' || substr(gen_random_uuid()::text, 2))::uuid, 'Member ' || n from generate_series(1, 20000) n`,
]

export async function fillTables(sql: postgres.Sql, me: string): Promise<Filled> {
  for (const statement of statements) await sql.unsafe(statement, statement.includes('$1') ? [me] : [])
  const long = await one(sql, `select id from conversations where user_id = $1 limit 1`, me)
  await sql.unsafe(
    `insert into messages (id, user_id, conversation_id, role, content, position)
     select gen_random_uuid(), $1, $2, 'user', 'Words', n from generate_series(3, 3000) n`,
    [me, long],
  )
  await sql.unsafe('update conversations set message_count = 3000 where id = $1', [long])
  await sql.unsafe('vacuum (analyze)')
  const tables = await sql`select relname, reltuples::int as n from pg_class where relkind = 'r'`
  return {
    me,
    key: await one(sql, 'select id from sessions where user_id = $1 and key_scopes is not null limit 1', me),
    draft: await one(sql, 'select id from drafts where owner_id = $1 limit 1', me),
    conversation: long,
    group: await one(
      sql,
      "select group_id as id from group_memberships where user_id = $1 and role = 'admin' order by group_id limit 1",
      me,
    ),
    drift: await one(sql, 'select drift_id as id from drift_history where actor_id = $1 limit 1', me),
    rowsOf: new Map(tables.map(({ relname, n }) => [relname, n])),
  }
}

const one = async (sql: postgres.Sql, text: string, me: string): Promise<string> =>
  String((await sql.unsafe(text, [me]))[0]?.id)
