/** How each procedure is called by somebody who may, for the sweeps over the whole router. */
import { and, desc, eq, isNotNull } from 'drizzle-orm'
import { expect } from 'vitest'
import type { z } from 'zod'
import type { ConversationEvent } from '../../shared/conversations.ts'
import type { DraftEvent } from '../../shared/drafts.ts'
import type { Present } from '../../shared/presence.ts'
import type { TaskEvent } from '../../shared/tasks.ts'
import { answers } from '../features/conversations/table.ts'
import { draftChannel } from '../features/drafts/channel.ts'
import { newId } from '../platform/db/columns.ts'
import { demoProfiles, seedDemoPeople } from '../platform/identity/demo-people.ts'
import { issueOneTimeToken } from '../platform/identity/one-time-tokens.ts'
import { identities, sessions, users } from '../platform/identity/table.ts'
import { invitations } from '../platform/invitations/table.ts'
import { appRouter } from '../router.ts'
import type { ProcedureMeta } from '../trpc.ts'
import { keyOf } from './api-keys.ts'
import type { TestApp } from './app.ts'
import type { TestBrowser } from './browser.ts'
import { driftCalls } from './drift-calls.ts'
import { draftOf, signedIn } from './followers.ts'
import { groupCalls } from './group-calls.ts'
import { givePassword, mailedToken, newAccount } from './passwords.ts'
import { openCode, openProgram } from './programs.ts'
import { until } from './until.ts'

type Procedure = { _def: { type: 'query' | 'mutation' | 'subscription'; meta?: ProcedureMeta; inputs: z.ZodType[] } }

export const procedures = Object.entries(appRouter._def.procedures as unknown as Record<string, Procedure>).map(
  ([path, { _def }]) => ({ path, type: _def.type, meta: _def.meta, inputs: _def.inputs }),
)

export interface Call {
  input?: Record<string, unknown>
  /** The same with another meaning; where a procedure takes nothing there is none. */
  other?: Record<string, unknown>
  /** Of a mutation's record in the audit log. */
  target?: string | RegExp
  /** Whom the record names, where it is not who calls: nobody, or whoever it makes. */
  recordedBy?: 'nobody' | 'whoever' | 'operator'
  /** How many records there are, where it is not one. */
  records?: number
  /** Of a subscription: it says something as soon as it is followed. */
  speaksFirst?: true
  /** Of a subscription: makes it say what it has to say. */
  cause?: () => Promise<unknown>
  /** Of a subscription: whether a message is the last that comes of that. */
  isLast?: (data: unknown) => boolean
}
export interface Person {
  browser: TestBrowser
  id: string
}

/** Prepares what `path` acts on, as somebody who may, and says what to call it with. A procedure that is missing here fails. */
export function prepareCall(app: TestApp, path: string, me: Person): Promise<Call> {
  const prepare = calls[path] ?? expect.unreachable(`say in calls.ts how ${path} is called`)
  return prepare(app, me)
}

const calls: Record<string, (app: TestApp, me: Person) => Promise<Call>> = {
  ...driftCalls,
  ...groupCalls,
  'account.me': async () => ({}),
  'account.current': async () => ({}),
  'account.profile': async () => ({}),
  'account.methods': async () => ({}),
  'account.sessions.list': async () => ({}),
  'account.identities.list': async () => ({}),
  'account.identities.startAdding': async () => ({}),
  'account.onSessionEnded': async (app, me) => ({
    cause: async () => (await signInAgain(app, me)).mutate('account.sessions.revokeOthers'),
    isLast: () => true,
  }),
  'auditLog.list': asAdministrator(() => ({})),
  'drafts.list': async () => ({}),
  'drafts.get': inDraft,
  'drafts.events': inDraft,
  'drafts.listInvitations': async (app, me) => {
    const { input } = await inDraft(app, me)
    await me.browser.mutate('drafts.addCollaborator', { ...input, email: newAccount().email })
    return { input }
  },
  'drafts.onEvent': async (app, me) => {
    const { input } = await inDraft(app, me)
    return {
      input,
      speaksFirst: true,
      async cause() {
        await me.browser.mutate('drafts.rename', { ...input, title: 'Two' })
        await me.browser.mutate('drafts.append', { ...input, text: 'One' })
      },
      isLast: (event) => (event as DraftEvent).type === 'segment.added',
    }
  },
  'drafts.onPresence': async (app, me) => {
    const { input } = await inDraft(app, me)
    return {
      input,
      speaksFirst: true,
      cause: () => me.browser.mutate('drafts.writing', { ...input, writing: true }),
      isLast: (present) => (present as Present[]).some(({ writing }) => writing),
    }
  },
  'drafts.writing': async (app, me) => ({ input: { ...(await inDraft(app, me)).input, writing: true } }),
  'account.updateProfile': async (_app, { id }) => ({
    input: {
      displayName: 'Ada',
      username: newAccount().username,
      timezone: 'Asia/Kathmandu',
      notificationPreferences: { weekly_reminder: { byMail: false } },
      privacySettings: { profile: 'everyone' },
    },
    other: { displayName: 'Grace' },
    target: `person:${id}`,
  }),
  'account.sessions.revoke': async (app, me) => {
    const [one, two] = [await anotherSession(app, me), await anotherSession(app, me)]
    return { input: { sessionId: one }, other: { sessionId: two }, target: `session:${one}` }
  },
  'account.sessions.revokeOthers': async (_app, { id }) => ({ target: `person:${id}` }),
  'account.identities.claimLegacyId': async (_app, { browser }) => {
    const legacyId = newId()
    browser.headers['x-user-id'] = legacyId
    return { input: { legacyId }, other: { legacyId: newId() }, target: `legacy:${legacyId}` }
  },
  'account.identities.unlink': async (app, { id }) => {
    const subject = newId()
    await app.database.db.insert(identities).values({ userId: id, ...app.googleIdentity(subject) })
    const rows = await app.database.db.select().from(identities).where(eq(identities.userId, id))
    const [one, two] = rows.map((row) => ({ identityId: row.id }))
    return { input: one, other: two, target: `identity:${one?.identityId}` } as Call
  },
  'account.changePassword': async (app, me) => ({
    input: { currentPassword: (await givePassword(app, me)).password, newPassword: newAccount().password },
    target: `person:${me.id}`,
  }),
  'account.confirmPassword': async (app, me) => ({
    input: { password: (await givePassword(app, me)).password },
    target: `person:${me.id}`,
  }),
  'auth.register': async () => ({ input: newAccount(), target: /^person:/, recordedBy: 'whoever' }),
  'auth.signUp': async () => ({ input: newAccount(), target: /^person:/, recordedBy: 'whoever' }),
  'auth.login': async (app, me) => ({ input: await givePassword(app, me), target: /^session:/ }),
  'auth.signIn': async (app, me) => ({ input: await givePassword(app, me), target: /^session:/ }),
  'auth.forgotPassword': mailed,
  'auth.resendVerification': mailed,
  'auth.resetPassword': async (app, { id, browser }) => {
    const { email } = (await browser.get('/me')).json()
    await browser.mutate('auth.forgotPassword', { email })
    const token = await mailedToken(app, email, 'reset-password')
    return { input: { token, newPassword: newAccount().password }, target: `person:${id}` }
  },
  'auth.findVerification': verifying,
  'auth.verifyEmail': verifying,
  'auth.reclaimAddress': async (app, me) => {
    await app.database.db.update(users).set({ emailVerified: false }).where(eq(users.id, me.id))
    return verifying(app, me)
  },
  'auth.refresh': async (app, me) => {
    const { refreshToken } = await openProgram(app, me)
    return { input: { refreshToken }, target: /^session:/ }
  },
  'auth.logout': async () => ({ target: /^session:/ }),
  'auth.exchange': async (app, me) => {
    const { code, cookie } = await openCode(app, me)
    me.browser.cookies.set(cookie.name, cookie.value)
    return { input: { code }, target: /^session:/ }
  },
  'apiKeys.list': async () => ({}),
  'apiKeys.create': async () => ({ input: newKey, target: /^api-key:[0-9a-f-]{36}$/ }),
  'apiKeys.revoke': async (app, me) => {
    const [one, two] = [await keyOf(app, me), await keyOf(app, me)]
    return { input: { keyId: one.id }, other: { keyId: two.id }, target: `api-key:${one.id}` }
  },
  'apiKeys.listAll': asAdministrator(() => ({})),
  'apiKeys.revokeAny': async (app, me) => {
    await makeAdministrator(app, me)
    const other = await signedIn(app)
    const [one, two] = [await keyOf(app, other), await keyOf(app, other)]
    return { input: { keyId: one.id }, other: { keyId: two.id }, target: `api-key:${one.id}` }
  },
  'apiKeys.createFor': async (app, me) => {
    const { id: personId } = await signedIn(app)
    becomeOperator(app, me)
    return { input: { personId, ...newKey }, target: /^api-key:[0-9a-f-]{36}$/, recordedBy: 'operator' }
  },
  'drafts.create': async () => ({ input: { title: 'One' }, other: { title: 'Two' }, target: /^draft:[0-9a-f-]{36}$/ }),
  'drafts.append': async (app, me) => {
    const { id } = await draftOf(app, me)
    const append = (text: string) => ({ draftId: id, segmentId: newId(), text })
    return { input: append('One'), other: append('Two'), target: `draft:${id}` }
  },
  'drafts.passRing': async (app, me) => {
    const { id } = await draftOf(app, me)
    const other = await signedIn(app)
    await me.browser.mutate('drafts.addCollaborator', { draftId: id, person: other.id })
    return { input: { draftId: id, to: other.id }, other: { draftId: id, to: me.id }, target: `draft:${id}` }
  },
  'drafts.takeRing': async (app, me) => {
    const [one, two] = [await draftOf(app, me), await draftOf(app, me)]
    return { input: { draftId: one.id }, other: { draftId: two.id }, target: `draft:${one.id}` }
  },
  'drafts.addCollaborator': async (app, me) => {
    const { id } = await draftOf(app, me)
    const [one, two] = [await signedIn(app), await signedIn(app)]
    return {
      input: { draftId: id, person: one.id },
      other: { draftId: id, person: two.id },
      target: `draft:${id}`,
    }
  },
  'drafts.removeCollaborator': async (app, me) => {
    const { id } = await draftOf(app, me)
    const other = await signedIn(app)
    await me.browser.mutate('drafts.addCollaborator', { draftId: id, person: other.id })
    return { input: { draftId: id, userId: other.id }, other: { draftId: id, userId: me.id }, target: `draft:${id}` }
  },
  'drafts.leave': async (app, me) => {
    const owner = await signedIn(app)
    const [one, two] = [await draftOf(app, owner), await draftOf(app, owner)]
    for (const { id } of [one, two])
      await owner.browser.mutate('drafts.addCollaborator', { draftId: id, person: me.id })
    return { input: { draftId: one.id }, other: { draftId: two.id }, target: `draft:${one.id}` }
  },
  'drafts.withdrawInvitation': async (app, me) => {
    const { id: draftId } = await draftOf(app, me)
    const invite = async () => {
      const answer = await me.browser.mutate('drafts.addCollaborator', { draftId, email: newAccount().email })
      return String(answer.json().result?.data.id)
    }
    const [one, two] = [await invite(), await invite()]
    const { db } = app.database
    const isDue = and(eq(invitations.targetId, draftId), isNotNull(invitations.dueAt))
    await until('both are mailed', async () => (await db.$count(invitations, isDue)) === 0)
    return {
      input: { draftId, invitationId: one },
      other: { draftId, invitationId: two },
      target: `draft:${draftId}`,
    }
  },
  'drafts.rename': async (app, me) => {
    const { id } = await draftOf(app, me)
    return { input: { draftId: id, title: 'One' }, other: { draftId: id, title: 'Two' }, target: `draft:${id}` }
  },
  'drafts.close': async (app, me) => {
    const [one, two] = [await draftOf(app, me), await draftOf(app, me)]
    return { input: { draftId: one.id }, other: { draftId: two.id }, target: `draft:${one.id}` }
  },
  'people.list': asAdministrator(() => ({})),
  'people.get': asAdministrator((personId) => ({ personId })),
  'people.legacyReport': asAdministrator(() => ({})),
  'people.changeRole': asAdministrator((personId) => ({ personId, role: 'engineer' })),
  'people.disable': asAdministrator((personId) => ({ personId })),
  'people.enable': asAdministrator((personId) => ({ personId })),
  'people.endSessions': asAdministrator((personId) => ({ personId })),
  'people.find': asAdministrator((personId) => ({ named: personId })),
  'people.sessions.list': asAdministrator((personId) => ({ personId })),
  'people.sessions.revoke': async (app, me) => {
    await makeAdministrator(app, me)
    const [one, two] = [await sessionOfSomebody(app), await sessionOfSomebody(app)]
    return { input: one, other: two, target: `session:${one.sessionId}` }
  },
  'people.seed': async (app, me) => {
    // They are there already, or the call would make people.
    await seedDemoPeople(app.database.db, app.inside.config)
    becomeOperator(app, me)
    return { target: /^person:/, recordedBy: 'operator', records: demoProfiles.length }
  },
  'mails.queue': async (app, me) => {
    becomeOperator(app, me)
    return {}
  },
  'channels.get': ofChannel,
  'channels.onEvent': async (app, me) => {
    const { id, tell } = await draftOf(app, me)
    becomeOperator(app, me)
    return {
      input: { channel: draftChannel(id) },
      speaksFirst: true,
      cause: () => tell('One').then(() => tell('Two')),
      isLast: (event) => (event as { title?: string }).title === 'Two',
    }
  },
  'conversations.list': async () => ({}),
  'conversations.get': inConversation(),
  'conversations.create': async () => ({
    input: { title: 'One' },
    other: { title: 'Two' },
    target: /^conversation:[0-9a-f-]{36}$/,
  }),
  'conversations.rename': inConversation({ title: 'One' }, { title: 'Two' }),
  'conversations.delete': inConversation(),
  'conversations.messages.list': inConversation(),
  'conversations.messages.append': inConversation({ role: 'user', content: 'One' }, { role: 'user', content: 'Two' }),
  // Nobody answers there, which is told to whoever asks when they have their answer.
  'conversations.answer.ask': async (app, me) => {
    const call = await inConversation()(app, me)
    for (const input of [call.input, call.other]) {
      await me.browser.mutate('conversations.messages.append', { ...input, content: 'Hello' })
    }
    return call
  },
  'conversations.answer.get': inAnswered,
  'conversations.answer.stop': inAnswered,
  'conversations.assistant': async () => ({}),
  'conversations.events': inConversation(),
  'conversations.onEvent': async (app, me) => {
    const { input } = await inConversation()(app, me)
    return {
      input,
      speaksFirst: true,
      cause: () => me.browser.mutate('conversations.messages.append', { ...input, content: 'Hello' }),
      isLast: (event) => (event as ConversationEvent).type === 'message.added',
    }
  },
  'conversations.listEvents': async () => ({}),
  'conversations.onListEvent': async (_app, me) => ({
    input: {},
    speaksFirst: true,
    cause: () => conversationOf(me),
    isLast: (event) => (event as { type: string }).type === 'conversation.created',
  }),
  'profiles.search': async () => ({ input: { q: 'ad' } }),
  search: async (_app, me) => {
    await taskOf(me)
    return { input: { text: 'task' } }
  },
  'tasks.list': async () => ({}),
  'tasks.get': async (_app, me) => ({ input: { taskId: await taskOf(me) } }),
  'tasks.events': async () => ({}),
  'tasks.onEvent': async (_app, me) => ({
    input: {},
    speaksFirst: true,
    cause: async () => me.browser.mutate('tasks.complete', { taskId: await taskOf(me) }),
    isLast: (event) => (event as TaskEvent).type === 'task.updated',
  }),
  'tasks.create': async () => ({ input: { title: 'One' }, other: { title: 'Two' }, target: /^task:[0-9a-f-]{36}$/ }),
  'tasks.update': onTask({ title: 'One', description: 'Three', completed: true }, { title: 'Two' }),
  'tasks.complete': onTask({ completed: true }, { completed: false }),
  'tasks.move': async (_app, me) => {
    const [first, second] = [await taskOf(me), await taskOf(me)]
    const move = (after: string | null) => ({ taskId: second, after })
    return { input: move(first), other: move(null), target: `task:${second}` }
  },
  'tasks.delete': onTask(),
  'tasks.restore': async (app, me) => {
    const call = await onTask()(app, me)
    for (const input of [call.input, call.other]) await me.browser.mutate('tasks.delete', input)
    return call
  },
}

async function taskOf({ browser }: Person): Promise<string> {
  return (await browser.mutate('tasks.create', { title: 'A task' })).json().result.data.id
}

/** With no `other` fields, the other call is about another task. */
function onTask(fields: object = {}, other?: object) {
  return async (_app: TestApp, me: Person): Promise<Call> => {
    const [taskId, another] = [await taskOf(me), await taskOf(me)]
    return {
      input: { taskId, ...fields },
      other: other ? { taskId, ...other } : { taskId: another },
      target: `task:${taskId}`,
    }
  }
}

async function conversationOf({ browser }: Person): Promise<string> {
  return (await browser.mutate('conversations.create', { title: 'A conversation' })).json().result.data.id
}

/** With no `other` fields, the other call is about another conversation. */
function inConversation(fields: object = {}, other?: object) {
  return async (_app: TestApp, me: Person): Promise<Call> => {
    const [conversationId, another] = [await conversationOf(me), await conversationOf(me)]
    return {
      input: { conversationId, ...fields },
      other: other ? { conversationId, ...other } : { conversationId: another },
      target: `conversation:${conversationId}`,
    }
  }
}

/** The one is being answered by another instance, so far ahead of its time that nobody gives it up. */
async function inAnswered(app: TestApp, me: Person): Promise<Call> {
  const call = await inConversation()(app, me)
  const beatAt = new Date(Date.now() + 3_600_000)
  const conversationId = String(call.input?.conversationId)
  await app.database.db.insert(answers).values({ id: newId(), conversationId, userId: me.id, beatAt })
  return call
}

async function ofChannel(app: TestApp, me: Person): Promise<Call> {
  const { channel } = await draftOf(app, me)
  becomeOperator(app, me)
  return { input: { channel } }
}

/** Issued once for each app: a new one makes the one before it invalid. */
const operatorTokens = new WeakMap<TestApp, string>()

/** From here on the person's browser is the operator's: there is nothing in it of theirs. */
export function becomeOperator(app: TestApp, { browser }: Person): void {
  browser.cookies.clear()
  browser.accessToken = null
  const token = operatorTokens.get(app) ?? app.inside.operatorToken.issue()
  operatorTokens.set(app, token)
  browser.headers.authorization = `Bearer ${token}`
}

async function sessionOfSomebody(app: TestApp) {
  const { browser, id: personId } = await signedIn(app)
  const { items } = (await browser.query('account.sessions.list')).json().result.data
  return { personId, sessionId: String(items[0].id) }
}

const newKey = { name: 'A program', scopes: ['draft:read'] }

async function verifying(app: TestApp, { id, browser }: Person): Promise<Call> {
  const { email } = (await browser.get('/me')).json()
  await issueOneTimeToken(app.database.db, { userId: id, purpose: 'verify-email', email })
  return { input: { token: await mailedToken(app, email, 'verify-email') }, target: `person:${id}` }
}

async function mailed(_app: TestApp, { id, browser }: Person): Promise<Call> {
  const { email } = (await browser.get('/me')).json()
  return { input: { email }, target: `person:${id}`, recordedBy: 'nobody' }
}

async function inDraft(app: TestApp, me: Person): Promise<Call> {
  return { input: { draftId: (await draftOf(app, me)).id } }
}

/** `input` makes the input of a call about somebody. */
function asAdministrator(input: (personId: string) => Record<string, unknown>) {
  return async (app: TestApp, me: Person): Promise<Call> => {
    await makeAdministrator(app, me)
    const [one, two] = [await signedIn(app), await signedIn(app)]
    return { input: input(one.id), other: input(two.id), target: `person:${one.id}` }
  }
}

export async function makeAdministrator(app: TestApp, { id }: Person): Promise<void> {
  await app.database.db.update(users).set({ role: 'admin' }).where(eq(users.id, id))
  app.sessions.announceChanged(id)
}

/** One more session of the same person. */
export const signInAgain = (app: TestApp, { id }: { id: string }): Promise<TestBrowser> => app.enterAgain(id)

async function anotherSession(app: TestApp, me: Person): Promise<string> {
  await signInAgain(app, me)
  const { db } = app.database
  const own = db.select({ id: sessions.id }).from(sessions).where(eq(sessions.userId, me.id))
  const [newest] = await own.orderBy(desc(sessions.createdAt)).limit(1)
  return newest?.id ?? expect.unreachable()
}
