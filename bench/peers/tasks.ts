/**
 * A new, completed or deleted task as a bare Fastify route does it: one plain transaction that writes the rows that Plinth writes (the
 * idempotency key with the response, the list's counts, the task, the audit log, the channel and its event), each statement prepared and
 * awaited. The user is in a header: no session, permission or limit is checked.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyRequest } from 'fastify'
import type { PoolClient } from 'pg'
import { openPool, tellPort } from './me.ts'

interface Given {
  Params: { taskId: string }
  Body: { title?: string; completed?: boolean }
}

const pool = openPool()
const app = Fastify()

const columns = 'id, title, description, completed, rank, version, created_at as "createdAt", updated_at as "updatedAt"'
const change = (set: string) => ({
  name: `change ${set}`,
  text: `update tasks set ${set}, version = version + 1, updated_at = now() where id = $1 and user_id = $2 returning ${columns}`,
})
const statements = {
  key: {
    name: 'key',
    text: 'insert into idempotency_keys (actor_id, key, request_hash, answer) values ($1, $2, $3, $4)',
  },
  count: {
    name: 'count',
    text: `insert into task_lists (user_id, open_count, done_count) values ($1, $2, $3) on conflict (user_id) do update
      set open_count = task_lists.open_count + $2, done_count = task_lists.done_count + $3`,
  },
  create: {
    name: 'create',
    text: `insert into tasks (id, user_id, title, rank) values ($1, $2, $3, $4) returning ${columns}`,
  },
  complete: change('completed = $3'),
  delete: change('deleted_at = now()'),
  audit: {
    name: 'audit',
    text: `insert into audit_logs (id, actor_id, action, target, after, ip, request_id) values ($1, $2, $3, $4, $5, $6, $7)`,
  },
  event: {
    name: 'event',
    text: `with raised as (
        insert into channels (id, epoch, head, mark, marked) values ($1, 'bench', 1, $2, 1)
        on conflict (id) do update set head = channels.head + 1, mark = excluded.mark, marked = channels.head + 1,
          previous_mark = channels.mark
        returning head, previous_mark
      )
      insert into events (channel, seq, type, payload, actor_id, mark, previous_mark)
      select $1, head, $3, $4::jsonb, $5::uuid, $2, previous_mark from raised`,
  },
}

type Task = { id: string }

/** `write` returns the task, and what it changes of the counts of open and done tasks. */
async function inTransaction(
  request: FastifyRequest<Given>,
  action: string,
  write: (client: PoolClient, userId: string) => Promise<{ task: Task; open: number; done: number }>,
): Promise<Task> {
  const { 'x-user': userId, 'idempotency-key': key } = request.headers as Record<string, string>
  const client = await pool.connect()
  try {
    await client.query('begin')
    const { task, open, done } = await write(client, userId as string)
    await client.query({ ...statements.count, values: [userId, open, done] })
    const after = JSON.stringify({ completed: done > 0 })
    const audit = [randomUUID(), userId, action, `task:${task.id}`, after, request.ip, request.id]
    await client.query({ ...statements.audit, values: audit })
    const mark = randomBytes(6).toString('hex')
    const event = [`tasks:${userId}`, mark, action, JSON.stringify({ task }), userId]
    await client.query({ ...statements.event, values: event })
    await client.query({ ...statements.key, values: [userId, key, action, JSON.stringify({ data: task })] })
    await client.query('commit')
    return task
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}

let ranks = 0
app.post<Given>('/api/v1/tasks', async (request, reply) => {
  reply.code(201)
  return inTransaction(request, 'task.created', async (client, userId) => {
    const values = [randomUUID(), userId, request.body.title, `peer${++ranks}`]
    const { rows } = await client.query<Task>({ ...statements.create, values })
    return { task: rows[0] as Task, open: 1, done: 0 }
  })
})
app.post<Given>('/api/v1/tasks/:taskId/complete', (request) =>
  inTransaction(request, 'task.updated', async (client, userId) => {
    const { completed } = request.body
    const values = [request.params.taskId, userId, completed]
    const { rows } = await client.query<Task>({ ...statements.complete, values })
    const done = completed ? 1 : -1
    return { task: rows[0] as Task, open: -done, done }
  }),
)
app.delete<Given>('/api/v1/tasks/:taskId', async (request, reply) => {
  await inTransaction(request, 'task.deleted', async (client, userId) => {
    const { rows } = await client.query<Task>({ ...statements.delete, values: [request.params.taskId, userId] })
    return { task: rows[0] as Task, open: -1, done: 0 }
  })
  return reply.code(204).send()
})
await app.listen({ port: 0, host: '127.0.0.1' })
tellPort(app.server.address() as AddressInfo)
