/** What belongs to the user alone: a profile, tasks, conversations, API keys. */
import { type Api, check, expected } from './api.ts'

export async function changeProfile(api: Api, other: Api, username: string): Promise<void> {
  const path = '/api/v1/users/profile'
  const { data: before } = expected(await api.GET(path))
  check(before.timezone === 'UTC' && before.privacySettings.profile === 'friends', 'a profile has settings by default')
  const search = { params: { query: { q: username } } }
  check(expected(await other.GET('/api/v1/users/search', search)).data.items.length === 0, 'strangers do not find it')
  const body = {
    timezone: 'Europe/Berlin',
    notificationPreferences: { weekly_reminder: { byMail: false } },
    privacySettings: { profile: 'everyone' as const },
  }
  const { data: after } = expected(await api.PUT(path, { body }))
  const { inApp, byMail } = after.notificationPreferences.weekly_reminder
  check(after.timezone === 'Europe/Berlin' && inApp && !byMail, 'a profile changes in what is sent')
  check(after.privacySettings.scores === 'group' && after.username === username, 'and in nothing else')
  const [found] = expected(await other.GET('/api/v1/users/search', search)).data.items
  check(found?.userId === after.id && found.username === username, 'a profile for everyone is found')
  // @ts-expect-error audiences are listed
  const refused = await api.PUT(path, { body: { privacySettings: { profile: 'some' } } })
  check(refused.response.status === 400, 'an audience that does not exist is refused')
}

export async function keepTasks(api: Api): Promise<void> {
  const { data: made } = expected(
    await api.POST('/api/v1/tasks', { body: { title: 'Order the programmes', completed: true } }),
  )
  const { data: other } = expected(await api.POST('/api/v1/tasks', { body: { title: 'Hand them out' } }))
  const done = expected(await api.GET('/api/v1/tasks', { params: { query: { completed: true, limit: 10 } } }))
  check(done.data[0]?.id === made.id && done.meta.pagination.total === 1, 'a task is made as it was sent')
  const params = { path: { taskId: made.id } }
  const renamed = expected(await api.PUT('/api/v1/tasks/{taskId}', { params, body: { title: 'Print the programmes' } }))
  check(renamed.data.completed && renamed.data.title === 'Print the programmes', 'what is left out stays')
  const search = { params: { query: { text: 'print prog', kind: 'task' as const } } }
  const found = expected(await api.GET('/api/v1/search', search))
  check(found.data.items.map(({ id }) => id).join() === made.id, 'a task is found by how its words begin')
  const open = expected(await api.POST('/api/v1/tasks/{taskId}/complete', { params, body: { completed: false } }))
  check(!open.data.completed, 'a task is taken up again')
  const moved = expected(await api.POST('/api/v1/tasks/{taskId}/move', { params, body: { after: other.id } }))
  check(moved.data.rank > other.rank, 'a task is moved after another')
  check((await api.DELETE('/api/v1/tasks/{taskId}', { params })).response.status === 204, 'a task is deleted')
  const missing = await api.GET('/api/v1/tasks/{taskId}', { params })
  check(missing.error?.error.code === 'NOT_FOUND', 'a deleted task is not there')
  const restored = expected(await api.POST('/api/v1/tasks/{taskId}/restore', { params }))
  const read = expected(await api.GET('/api/v1/tasks/{taskId}', { params }))
  check(read.data.version === restored.data.version, 'and is there again')
  const malformed = await api.GET('/api/v1/tasks/{taskId}', { params: { path: { taskId: 'abc' } } })
  check(malformed.response.status === 404, 'ids are opaque')
}

/** Of an account whose address is confirmed, with an assistant that cannot be reached. */
export async function converse(api: Api): Promise<void> {
  const { data: made } = expected(await api.POST('/api/v1/conversations', { body: { title: 'Rooms' } }))
  const params = { path: { conversationId: made.id } }
  const path = '/api/v1/conversations/{conversationId}'
  const renamed = expected(await api.PUT(path, { params, body: { title: 'Where to meet' } }))
  check(expected(await api.GET(path, { params })).data.version === renamed.data.version, 'a conversation is renamed')
  const { data: all } = expected(await api.GET('/api/v1/conversations'))
  check(all.length === 1 && all[0]?.title === 'Where to meet', 'a conversation is listed')
  const content = 'Which rooms hold eighty people?'
  const said = expected(await api.POST(`${path}/messages`, { params, body: { content } }))
  const messages = expected(await api.GET(`${path}/messages`, { params }))
  check(messages.data[0]?.id === said.data.id && messages.meta.pagination.total === 1, 'a message is stored')
  const asked = await api.POST(`${path}/answer`, { params })
  check(asked.response.status === 202, 'the assistant is asked')
  check(
    expected(await api.GET(`${path}/answer`, { params })).data.id === expected(asked).data.id,
    'an answer has one id',
  )
  const { data: end } = expected(await api.POST(`${path}/answer/stop`, { params }))
  check(typeof end.stopped === 'boolean', 'an answer can be stopped')
  check((await api.DELETE(path, { params })).response.status === 204, 'a conversation is deleted')
}

export async function useApiKey(api: Api, by: (key: string) => Api): Promise<void> {
  const body = { name: 'Nightly report', scopes: ['task:read' as const] }
  const { data: made } = expected(await api.POST('/api/v1/api-keys', { body }))
  const listed = expected(await api.GET('/api/v1/api-keys', { params: { query: { page: 1 } } }))
  check(listed.data[0]?.id === made.id && listed.meta.pagination.total === 1, 'a key is listed')
  const program = by(made.key)
  check(expected(await program.GET('/api/v1/tasks')).success, 'a key does what its scopes name')
  const beyond = await program.POST('/api/v1/tasks', { body: { title: 'x' } })
  check(beyond.error?.error.code === 'SCOPE_MISSING', 'and nothing else')
  const revoked = await api.DELETE('/api/v1/api-keys/{keyId}', { params: { path: { keyId: made.id } } })
  check(revoked.response.status === 204, 'a key is revoked')
  check((await program.GET('/api/v1/tasks')).error?.error.code === 'API_KEY_INVALID', 'and opens nothing any more')
}
