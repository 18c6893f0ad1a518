/**
 * A program as somebody writes it who has the OpenAPI document and nothing of ours: two people write a draft together over REST. What
 * it relies on is checked twice, by the compiler against types made of the document, and by running it.
 */
import { type Api, bearer, check, clientOf, expected } from './api.ts'
import { reviewDrifts } from './drifts.ts'
import type { components } from './generated/api.ts'
import { meetInGroup } from './groups.ts'
import { changeProfile, converse, keepTasks, useApiKey } from './own-things.ts'
import { browse } from './plain-routes.ts'

type Draft = components['schemas']['Draft']

export interface Surroundings {
  url: string
  fetch: (request: Request) => Promise<Response>
  newAccount: () => { username: string; email: string; password: string }
  /** Of the newest mail. */
  tokenFor: (email: string, purpose: 'reset-password' | 'verify-email') => Promise<string>
  /** An administrator gives the account the role of an engineer. */
  makeEngineer: (email: string) => Promise<void>
}

/** Returns the draft as both have left it. @throws where an answer is not what the document leads one to expect */
export async function run({ url, fetch, newAccount, tokenFor, makeEngineer }: Surroundings): Promise<Draft> {
  const anonymous = clientOf(url, fetch)
  const [ada, grace] = [newAccount(), newAccount()]
  const registered = await register(anonymous, ada)
  await register(anonymous, grace)
  await signInErrors(anonymous, ada)

  const writer = clientOf(url, fetch, registered.accessToken)
  const friend = clientOf(url, fetch, await signIn(anonymous, grace))
  const draftId = await begin(writer)
  await writeTogether(writer, friend, draftId, grace.username)
  const draft = expected(await writer.GET('/v1/collab/drafts/{draftId}', { params: { path: { draftId } } }))
  await readAgain(writer, draftId)

  await browse(anonymous, draftId)
  await changeProfile(writer, friend, ada.username)
  await keepTasks(writer)
  await meetInGroup(writer, friend, grace.username)

  const password = await byMail(anonymous, ada, tokenFor)
  const proven = clientOf(url, fetch, await signIn(anonymous, { ...ada, password }))
  await invite(proven, draftId, newAccount().email)
  await converse(proven)
  await useApiKey(proven, (key) => clientOf(url, fetch, key))
  await makeEngineer(ada.email)
  await reviewDrifts(clientOf(url, fetch, await signIn(anonymous, { ...ada, password }, 'engineer')), anonymous)
  await takeBack(anonymous, newAccount(), tokenFor)
  await tokens(anonymous, grace)
  return draft
}

async function register(api: Api, account: { username: string; email: string; password: string }) {
  const { data } = expected(await api.POST('/api/v1/auth/register', { body: account }))
  // Null where an operator has chosen that nobody is told who has an account; the client's types leave out what can only be null.
  if (!('user' in data) || !data.user) throw new Error('a mail was awaited')
  check(data.user.username === account.username, 'the name that was asked for')
  const again = await api.POST('/api/v1/auth/register', { body: account })
  check(again.response.status === 409 && again.error?.error.code === 'USERNAME_TAKEN', 'a name is one person’s')
  // @ts-expect-error a password is needed
  const invalid = await api.POST('/api/v1/auth/register', { body: { username: 'x', email: 5 } })
  const fields = invalid.error?.error.details?.map(({ field }) => field)
  check(fields?.join() === 'username,email,password', 'every fault at once')
  return data
}

async function signInErrors(api: Api, { email }: { email: string }) {
  const { error, response } = await api.POST('/api/v1/auth/login', { body: { email, password: 'Another-horse-1' } })
  check(response.status === 401 && error?.error.code === 'WRONG_CREDENTIALS', 'a wrong password is refused')
  const nobody = await api.GET('/me')
  check(nobody.error?.error.code === 'UNAUTHENTICATED', 'nobody has no account')
}

async function signIn(
  api: Api,
  { email, password }: { email: string; password: string },
  role = 'user',
): Promise<string> {
  const { data } = expected(await api.POST('/api/v1/auth/login', { body: { email, password } }))
  const { id, displayName } = data.user
  const me = expected(await api.GET('/me', { headers: bearer(data.accessToken) }))
  check(me.id === id && me.displayName === displayName && me.role === role, 'the token is of who signed in')
  // @ts-expect-error nobody is told of a hash
  check(me.passwordHash === undefined, 'no hash')
  return data.accessToken
}

async function begin(writer: Api): Promise<string> {
  const params = { header: { 'Idempotency-Key': crypto.randomUUID() } }
  const body = { title: 'Minutes of Monday' }
  const draft = expected(await writer.POST('/v1/collab/drafts', { params, body }))
  const repeated = expected(await writer.POST('/v1/collab/drafts', { params, body }))
  check(draft.id === repeated.id && draft.state === 'open', 'a repeat is the same draft')
  // @ts-expect-error a title is a text
  const invalid = await writer.POST('/v1/collab/drafts', { body: { title: 5 } })
  check(invalid.response.status === 400, 'a number is no title')
  const { items, nextCursor } = expected(await writer.GET('/v1/collab/drafts', { params: { query: { limit: 10 } } }))
  check(items[0]?.ringHolder.id === draft.ringHolderId && nextCursor === null, 'the draft is listed')
  return draft.id
}

async function writeTogether(writer: Api, friend: Api, draftId: string, person: string) {
  const params = { path: { draftId } }
  const unseen = await friend.GET('/v1/collab/drafts/{draftId}', { params })
  check(unseen.error?.error.code === 'NOT_FOUND', 'a draft of others is not there')
  const added = expected(await writer.POST('/v1/collab/drafts/{draftId}/collaborators', { params, body: { person } }))
  const one = expected(await writer.POST('/v1/collab/drafts/{draftId}/segments', { params, body: { text: 'We met,' } }))
  check(one.position === 1 && one.author?.id !== added.id, 'the first segment is the writer’s')
  const early = await friend.POST('/v1/collab/drafts/{draftId}/segments', { params, body: { text: 'x' } })
  check(early.response.status === 409 && early.error?.error.code === 'RING_NOT_HELD', 'one writes at a time')
  const passed = expected(await writer.POST('/v1/collab/drafts/{draftId}/pass-ring', { params, body: { to: person } }))
  check(passed.ringHolderId === added.id, 'the ring is passed')
  const segmentId = crypto.randomUUID()
  const body = { segmentId, text: ' and agreed.' }
  check(
    expected(await friend.POST('/v1/collab/drafts/{draftId}/segments', { params, body })).id === segmentId,
    'a segment has the id that its writer gave it',
  )
  const taken = expected(await writer.POST('/v1/collab/drafts/{draftId}/take-ring', { params }))
  check(taken.ringHolderId === one.author?.id, 'the owner takes the ring back')
  const { id: userId } = added
  const removed = await writer.DELETE('/v1/collab/drafts/{draftId}/collaborators/{userId}', {
    params: { path: { draftId, userId } },
  })
  check(expected(removed).ringHolderId === taken.ringHolderId, 'the owner removes a collaborator')
  expected(await writer.POST('/v1/collab/drafts/{draftId}/collaborators', { params, body: { person } }))
  const leaving = await friend.POST('/v1/collab/drafts/{draftId}/leave', { params })
  check(expected(leaving).ringHolderId === taken.ringHolderId, 'a collaborator leaves')
  const again = await writer.POST('/v1/collab/drafts/{draftId}/collaborators', { params, body: { person } })
  check(again.error?.error.code === 'USER_LEFT_DRAFT', 'and is not added again at once')
}

async function invite(writer: Api, draftId: string, email: string) {
  const params = { path: { draftId } }
  const sent = expected(await writer.POST('/v1/collab/drafts/{draftId}/collaborators', { params, body: { email } }))
  if (!('email' in sent)) throw new Error('expected an invitation')
  check(sent.email === email, 'an address is invited')
  const { items } = expected(await writer.GET('/v1/collab/drafts/{draftId}/invitations', { params }))
  check(items[0]?.id === sent.id && items.length === 1, 'an invitation is listed')
  const withdrawn = await writer.DELETE('/v1/collab/drafts/{draftId}/invitations/{invitationId}', {
    params: { path: { draftId, invitationId: sent.id } },
  })
  check(expected(withdrawn).id === sent.id, 'an invitation is withdrawn')
}

async function readAgain(writer: Api, draftId: string) {
  const path = { draftId }
  const first = await writer.GET('/v1/collab/drafts/{draftId}', { params: { path } })
  const etag = first.response.headers.get('etag') ?? ''
  const params = { path, header: { 'If-None-Match': etag } }
  const again = await writer.GET('/v1/collab/drafts/{draftId}', { params })
  check(again.response.status === 304 && etag !== '', 'what has not changed is not sent again')
}

type Account = ReturnType<Surroundings['newAccount']>

/** Returns the new password of the account. */
async function byMail(api: Api, { email, password }: Account, tokenFor: Surroundings['tokenFor']) {
  const asked = expected(await api.POST('/api/v1/auth/forgot-password', { body: { email } }))
  const again = expected(await api.POST('/api/v1/auth/resend-verification', { body: { email } }))
  check(asked.message === asked.data.message && again.success, 'words for a person')
  const token = await tokenFor(email, 'verify-email')
  const alone = await api.POST('/api/v1/auth/verify-email', { body: { token } })
  check(
    alone.response.status === 403 && alone.error?.error.code === 'ACCOUNT_NOT_PROVEN',
    'a link alone confirms nothing',
  )
  const verified = await api.POST('/api/v1/auth/verify-email', { body: { token, password } })
  check(verified.response.status === 204, 'the address is confirmed')
  const body = { token: await tokenFor(email, 'reset-password'), newPassword: 'Correct-horse-battery-7' }
  check((await api.POST('/api/v1/auth/reset-password', { body })).response.status === 204, 'the password is set')
  const used = await api.POST('/api/v1/auth/reset-password', { body })
  check(used.response.status === 422 && used.error?.error.code === 'ONE_TIME_TOKEN_INVALID', 'a link works once')
  return body.newPassword
}

async function takeBack(api: Api, account: Account, tokenFor: Surroundings['tokenFor']) {
  await register(api, account)
  const body = { token: await tokenFor(account.email, 'verify-email') }
  check((await api.POST('/api/v1/auth/reclaim-address', { body })).response.status === 204, 'the address is taken back')
  const { email, password } = account
  const refused = await api.POST('/api/v1/auth/login', { body: { email, password } })
  check(refused.response.status === 401, 'nobody enters by the password of before')
}

async function tokens(api: Api, { email, password }: { email: string; password: string }) {
  const { data } = expected(await api.POST('/api/v1/auth/login', { body: { email, password } }))
  const renewed = expected(await api.POST('/api/v1/auth/refresh', { body: { refreshToken: data.refreshToken } }))
  const { refreshToken } = renewed.data
  if (refreshToken === null) throw new Error('a program gets its own refresh token')
  check((await api.POST('/api/v1/auth/logout', { body: { refreshToken } })).response.status === 204, 'signed out')
  const over = await api.POST('/api/v1/auth/refresh', { body: { refreshToken } })
  check(over.response.status === 401 && over.error?.error.code === 'SESSION_ENDED', 'a session that is over stays so')
}
