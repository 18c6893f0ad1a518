/** Who may call what: every procedure for every kind of caller, against the table below. A procedure without a row fails. */
import { eq } from 'drizzle-orm'
import type { FastifyRequest } from 'fastify'
import { describe, expect, it } from 'vitest'
import { type Role, roles } from '../../shared/account.ts'
import { type Capability, capabilities, hasCapability } from '../../shared/capabilities.ts'
import { createContext } from '../context.ts'
import { newId } from '../platform/db/columns.ts'
import { toAppError } from '../platform/errors/app-error.ts'
import { users } from '../platform/identity/table.ts'
import { appRouter } from '../router.ts'
import { keyOf } from './api-keys.ts'
import { buildTestApp } from './app.ts'
import type { TestBrowser } from './browser.ts'
import { type Person, prepareCall, procedures, signInAgain } from './calls.ts'
import { draftOf, signedIn } from './followers.ts'
import { TestSocket } from './socket.ts'
import { until } from './until.ts'

const app = await buildTestApp()

/**
 * The four roles call for something of their own, a stranger for somebody else's. The keys are of somebody who may do everything: one
 * has every scope, the other every scope but the one that the procedure asks for.
 */
const callers = ['anonymous', ...roles, 'disabled', 'stranger', 'key', 'lesser key'] as const
type Caller = (typeof callers)[number]
type Row = Record<Caller, string>

const may = 'ok'
const signedInOnly = { anonymous: 'UNAUTHENTICATED', disabled: 'SESSION_ENDED' }
const everyRole = { viewer: may, user: may, engineer: may, admin: may }
const noKey = { key: 'API_KEY_REFUSED', 'lesser key': 'API_KEY_REFUSED' }
const byScope = { key: may, 'lesser key': 'SCOPE_MISSING' }
/** One's own account; naming something of somebody else's is as naming nothing. */
const ownAccount = (stranger = may): Row => ({ ...signedInOnly, ...everyRole, ...noKey, stranger })
const reads = (stranger = 'NOT_FOUND'): Row => ({ ...signedInOnly, ...everyRole, ...byScope, stranger })
const writes = (stranger = 'NOT_FOUND'): Row => ({ ...reads(stranger), viewer: 'FORBIDDEN' })
/** Whatever the caller is; a key needs the scope all the same. */
const publicReads: Row = { ...everyRole, anonymous: may, disabled: may, stranger: may, ...byScope }
const readsDrifts: Row = reads(may)
const changesDrifts: Row = { ...readsDrifts, viewer: 'FORBIDDEN', user: 'FORBIDDEN', stranger: 'FORBIDDEN' }
const administers: Row = {
  ...signedInOnly,
  viewer: 'FORBIDDEN',
  user: 'FORBIDDEN',
  engineer: 'FORBIDDEN',
  admin: may,
  stranger: 'FORBIDDEN',
  ...byScope,
}
const administersInPerson: Row = { ...administers, ...noKey }
/** Nobody who signs in. */
const operates: Row = { ...administers, admin: 'FORBIDDEN', ...noKey }

/** Whoever calls: what is proven is in the call. */
const anybodys = (disabled = may): Row => ({
  anonymous: may,
  ...everyRole,
  disabled,
  stranger: may,
  key: may,
  'lesser key': may,
})

const everybody = (outcome: string) => Object.fromEntries(callers.map((caller) => [caller, outcome])) as Row

const matrix: Record<string, Row> = {
  'account.me': { ...ownAccount(), key: may, 'lesser key': may },
  // A page that shows a user learns that their session has ended.
  'account.current': anybodys('SESSION_ENDED'),
  'account.methods': anybodys(),
  'account.profile': ownAccount(),
  'account.changePassword': ownAccount(),
  'account.confirmPassword': ownAccount('WRONG_CREDENTIALS'),
  'account.updateProfile': ownAccount(),
  'account.sessions.list': ownAccount(),
  'account.sessions.revoke': ownAccount('NOT_FOUND'),
  'account.sessions.revokeOthers': ownAccount(),
  'account.identities.list': ownAccount(),
  // Without a trusted header there is nothing to claim; legacy-claim.test.ts has those who may.
  'account.identities.claimLegacyId': {
    ...signedInOnly,
    viewer: 'LEGACY_ID_NOT_VOUCHED',
    user: 'LEGACY_ID_NOT_VOUCHED',
    engineer: 'LEGACY_ID_NOT_VOUCHED',
    admin: 'LEGACY_ID_NOT_VOUCHED',
    stranger: 'LEGACY_ID_NOT_VOUCHED',
    ...noKey,
  },
  'account.identities.startAdding': ownAccount(),
  'account.identities.unlink': ownAccount('NOT_FOUND'),
  'account.onSessionEnded': ownAccount(),
  'alerts.list': publicReads,
  'alerts.unread': readsDrifts,
  'alerts.read': readsDrifts,
  'alerts.readAll': readsDrifts,
  'alerts.events': readsDrifts,
  'alerts.onEvent': readsDrifts,
  'alerts.readEvents': readsDrifts,
  'alerts.onRead': readsDrifts,
  'apiKeys.list': ownAccount(),
  'apiKeys.create': ownAccount(),
  'apiKeys.revoke': ownAccount('NOT_FOUND'),
  'apiKeys.listAll': administers,
  'apiKeys.revokeAny': administersInPerson,
  'apiKeys.createFor': operates,
  'auditLog.list': administers,
  'auth.register': anybodys(),
  'auth.login': anybodys('WRONG_CREDENTIALS'),
  'auth.signUp': anybodys(),
  'auth.signIn': anybodys('WRONG_CREDENTIALS'),
  'auth.refresh': anybodys('SESSION_ENDED'),
  'auth.logout': { ...anybodys(), ...noKey },
  // In the one browser that the code was made for.
  'auth.exchange': everybody('SIGN_IN_EXPIRED'),
  'auth.forgotPassword': anybodys(),
  'auth.resetPassword': anybodys('ONE_TIME_TOKEN_INVALID'),
  'auth.findVerification': anybodys('ONE_TIME_TOKEN_INVALID'),
  // Without the password: by a session of the account alone, and a key is none.
  'auth.verifyEmail': {
    ...everybody('ACCOUNT_NOT_PROVEN'),
    ...everyRole,
    disabled: 'ONE_TIME_TOKEN_INVALID',
  },
  'auth.reclaimAddress': anybodys('ONE_TIME_TOKEN_INVALID'),
  'auth.resendVerification': anybodys(),
  'channels.get': operates,
  'channels.onEvent': operates,
  'drafts.list': reads(may),
  'drafts.get': reads(),
  'drafts.events': reads(),
  'drafts.onEvent': reads(),
  'drafts.onPresence': reads(),
  'drafts.writing': writes(),
  'drafts.create': writes(may),
  'drafts.append': writes(),
  'drafts.passRing': writes(),
  'drafts.takeRing': writes(),
  'drafts.addCollaborator': writes(),
  'drafts.removeCollaborator': writes(),
  'drafts.leave': ownAccount('NOT_FOUND'),
  'drafts.listInvitations': reads(),
  'drafts.withdrawInvitation': writes(),
  'drafts.rename': writes(),
  'drafts.close': writes(),
  'drifts.list': publicReads,
  'drifts.get': publicReads,
  'drifts.reveal': changesDrifts,
  'drifts.decision': readsDrifts,
  'drifts.history': readsDrifts,
  'drifts.report': changesDrifts,
  'drifts.approve': changesDrifts,
  'drifts.reject': changesDrifts,
  'drifts.decideMany': changesDrifts,
  'drifts.undoMany': changesDrifts,
  'drifts.reopen': changesDrifts,
  'drifts.resolve': changesDrifts,
  'drifts.events': readsDrifts,
  'drifts.onEvent': readsDrifts,
  'groups.list': reads(may),
  'groups.get': reads(),
  'groups.create': writes(may),
  'groups.update': writes(),
  'groups.delete': writes(),
  'groups.restore': writes(),
  'groups.rotateAccessCode': writes(),
  // Any user who has the code.
  'groups.join': writes(may),
  'groups.leave': ownAccount('NOT_FOUND'),
  'groups.members': reads(),
  'groups.updateMember': writes(),
  'groups.removeMember': writes(),
  'groups.ban': writes(),
  'groups.unban': writes(),
  'groups.invite': writes(),
  'groups.invitations': reads(may),
  'groups.acceptInvitation': writes(),
  'groups.declineInvitation': writes(),
  'groups.events': reads(),
  'groups.onEvent': reads(),
  'mails.queue': operates,
  'metrics.summary': publicReads,
  'people.list': administers,
  'people.get': administers,
  'people.legacyReport': administers,
  'people.changeRole': administersInPerson,
  'people.disable': administersInPerson,
  'people.enable': administersInPerson,
  'people.endSessions': administersInPerson,
  'people.find': administers,
  'people.sessions.list': administers,
  'people.sessions.revoke': administersInPerson,
  'people.seed': operates,
  // A key finds what its scopes name.
  'profiles.search': ownAccount(),
  search: { ...ownAccount(), key: may, 'lesser key': may },
  'tasks.list': reads(may),
  'tasks.get': reads(),
  'tasks.events': reads(may),
  'tasks.onEvent': reads(may),
  'tasks.create': writes(may),
  'tasks.update': writes(),
  'tasks.complete': writes(),
  'tasks.move': writes(),
  'tasks.delete': writes(),
  'tasks.restore': writes(),
  'conversations.list': reads(may),
  'conversations.get': reads(),
  'conversations.create': writes(may),
  'conversations.rename': writes(),
  'conversations.delete': writes(),
  'conversations.messages.list': reads(),
  'conversations.messages.append': writes(),
  'conversations.answer.ask': writes(),
  'conversations.answer.get': reads(),
  'conversations.answer.stop': writes(),
  'conversations.assistant': reads(may),
  'conversations.events': reads(),
  'conversations.onEvent': reads(),
  'conversations.listEvents': reads(may),
  'conversations.onListEvent': reads(may),
}

describe('the role matrix', () => {
  it('has a row for each procedure, and no other', () => {
    expect(Object.keys(matrix).sort()).toEqual(procedures.map(({ path }) => path).sort())
  })
})

describe('what a procedure says of itself, for the documents', () => {
  it.each(procedures)('is so: $path', ({ path, meta }) => {
    const isOpen = meta?.access === 'anybody' || meta?.access === 'credential' || meta?.publicRead === true
    expect(isOpen).toBe(matrix[path]?.anonymous !== 'UNAUTHENTICATED')
    const capability = capabilityOf(meta)
    const barred = roles.filter((role) => matrix[path]?.[role] === 'FORBIDDEN')
    const isBarred = (role: Role) => meta?.access === 'operator' || (capability && !hasCapability(role, capability))
    expect(barred).toEqual(roles.filter(isBarred))
    expect(matrix[path]?.['lesser key'] === 'SCOPE_MISSING').toBe(capability !== null && !meta?.refusesKeys)
    if (meta?.access === 'signed-in' || meta?.refusesKeys) expect(matrix[path]).toMatchObject(noKey)
  })
})

describe.each(procedures)('$path', ({ path, type, meta }) => {
  const prepare = async () => {
    const owner = await signedIn(app)
    return { owner, ...(await prepareCall(app, path, owner)) }
  }
  let first: ReturnType<typeof prepare> | undefined
  const share = () => {
    first ??= prepare()
    return first
  }

  it.each(callers)('called by %s', async (caller) => {
    const expected = matrix[path]?.[caller]
    // A mutation that is open to anonymous callers may use up the credential in its input even where it is refused.
    const isSpent = type === 'mutation' && (expected === may || matrix[path]?.anonymous !== 'UNAUTHENTICATED')
    const { owner, input } = await (isSpent || caller === 'disabled' ? prepare() : share())
    const browser = await browserOf(caller, owner, capabilityOf(meta))
    const outcome = type === 'subscription' ? await follow(browser, path, input) : await ask(browser, type, path, input)
    expect(outcome).toBe(expected)
  })
})

describe('what only the operator may', () => {
  const ofOperator = procedures.filter(({ meta }) => meta?.access === 'operator')
  it.each(ofOperator)('the operator may: $path', async ({ path, type }) => {
    const me = await signedIn(app)
    const { input } = await prepareCall(app, path, me)
    const outcome =
      type === 'subscription' ? await follow(me.browser, path, input) : await ask(me.browser, type, path, input)
    expect(outcome).toBe(may)
  })
})

/** Those that name something of somebody's: the matrix has them in a body; here they come in every other way. */
const ofOthers = procedures.filter(({ path }) => matrix[path]?.stranger === 'NOT_FOUND')

describe.each(ofOthers)('$path of somebody else', ({ path, type }) => {
  it('is not there in a batch beside calls of one’s own, nor on a socket', async () => {
    const [owner, stranger] = [await signedIn(app), await signedIn(app)]
    const { input } = await prepareCall(app, path, owner)
    const own = await prepareCall(app, path, stranger)
    url ??= app.listen()
    const socket = await TestSocket.openAs(await url, stranger.browser)
    const answer = await socket.answerTo(socket.send(type, path, input))
    expect(answer.error?.data.code).toBe('NOT_FOUND')
    if (type !== 'subscription') {
      const inputs = JSON.stringify({ 0: own.input, 1: input, 2: { ...own.input, ...input } })
      const paths = `/trpc/${[path, path, path].join(',')}?batch=1`
      const answers = await (type === 'query'
        ? stranger.browser.get(`${paths}&input=${encodeURIComponent(inputs)}`)
        : stranger.browser.send({
            method: 'POST',
            url: paths,
            headers: { 'content-type': 'application/json' },
            payload: inputs,
          }))
      const codes = answers.json().map((one: { error?: { data: { code: string } } }) => one.error?.data.code ?? may)
      expect(codes).toEqual([may, 'NOT_FOUND', 'NOT_FOUND'])
    }
    socket.ws.close()
  })
})

describe('what names somebody else’s', () => {
  it('as the cursor of a list begins one’s own list there, and shows nothing of theirs', async () => {
    const [owner, stranger] = [await signedIn(app), await signedIn(app)]
    const lists: [string, string][] = [
      ['drafts.list', (await draftOf(app, owner)).id],
      ['account.sessions.list', (await itemsOf(owner, 'account.sessions.list'))[0] as string],
      ['account.identities.list', (await itemsOf(owner, 'account.identities.list'))[0] as string],
    ]
    await draftOf(app, stranger)
    for (const [path, cursor] of lists) {
      const own = new Set(await itemsOf(stranger, path))
      const found = await itemsOf(stranger, path, { cursor })
      expect([path, found.filter((id) => !own.has(id))]).toEqual([path, []])
    }
  })

  it('as the cursor of a channel is a cursor of nothing, which begins anew', async () => {
    const [owner, stranger] = [await signedIn(app), await signedIn(app)]
    const [theirs, own] = [await draftOf(app, owner), await draftOf(app, stranger)]
    await theirs.tell('a title of theirs')
    // So that its number alone would be a good one.
    for (let n = 0; n < 2; n++) await own.tell()
    const { cursor } = (await owner.browser.query('drafts.get', { draftId: theirs.id })).json().result.data
    const input = { draftId: own.id, lastEventId: cursor }
    expect((await stranger.browser.query('drafts.events', input)).json().result.data).toMatchObject({
      events: [],
      resync: true,
    })
    url ??= app.listen()
    const socket = await TestSocket.openAs(await url, stranger.browser)
    await socket.subscribe('drafts.onEvent', input)
    await until('the word', () => JSON.stringify(socket.answers).includes('resync'))
    expect(JSON.stringify(socket.answers)).not.toContain('a title of theirs')
    socket.ws.close()
  })

  it('as a segment, a collaborator or a holder of one’s own draft gives nothing away and changes nothing', async () => {
    const [owner, stranger] = [await signedIn(app), await signedIn(app)]
    const [theirs, own] = [await draftOf(app, owner), await draftOf(app, stranger)]
    const segmentId = newId()
    const text = 'a text of theirs'
    await owner.browser.mutate('drafts.append', { draftId: theirs.id, segmentId, text })
    const { browser } = stranger
    for (const [path, input, code] of [
      ['drafts.append', { segmentId, text }, 'CONFLICT'],
      ['drafts.append', { segmentId, text: 'guessed' }, 'CONFLICT'],
      ['drafts.passRing', { to: owner.id }, 'NOT_A_COLLABORATOR'],
      ['drafts.removeCollaborator', { userId: owner.id }, 'NOT_A_COLLABORATOR'],
    ] as const) {
      const answer = await browser.mutate(path, { draftId: own.id, ...input })
      expect([path, answer.json().error?.data.code]).toEqual([path, code])
      expect(answer.body).not.toContain(text)
    }
    const { segments } = (await owner.browser.query('drafts.get', { draftId: theirs.id })).json().result.data
    expect(segments).toMatchObject([{ id: segmentId, text }])
  })
})

async function itemsOf({ browser }: Person, path: string, input: object = {}): Promise<string[]> {
  const { items } = (await browser.query(path, input)).json().result.data
  return items.map(({ id }: { id: string }) => id)
}

let url: Promise<string> | undefined

function capabilityOf(meta: (typeof procedures)[number]['meta']): Capability | null {
  return capabilities.find((capability) => capability === meta?.access) ?? null
}

async function browserOf(caller: Caller, owner: Person, capability: Capability | null): Promise<TestBrowser> {
  if (caller === 'anonymous') return app.browser()
  if (caller === 'stranger') return (await signedIn(app)).browser
  const become = (change: Partial<typeof users.$inferSelect>) =>
    app.database.db.update(users).set(change).where(eq(users.id, owner.id))
  if (caller === 'key' || caller === 'lesser key') {
    await become({ role: 'admin' })
    const scopes = capabilities.filter((scope) => caller === 'key' || scope !== capability)
    return app.browser((await keyOf(app, owner, { scopes })).bearer)
  }
  if (caller !== 'disabled') await become({ role: caller })
  // A session that was not used yet: one that was is trusted for some seconds.
  const browser = await signInAgain(app, owner)
  if (caller === 'disabled') await become({ isActive: false })
  return browser
}

async function ask(browser: TestBrowser, type: 'query' | 'mutation', path: string, input: unknown) {
  const answer = await (type === 'query' ? browser.query(path, input) : browser.mutate(path, input))
  return answer.statusCode === 200 ? may : answer.json().error.data.code
}

/** Begins, hears the first message and leaves; what has nothing to say until something happens is only begun. */
async function follow({ cookieHeader: cookie, headers: own }: TestBrowser, path: string, input: unknown) {
  const headers = { ...own, cookie }
  const raw = { headers, rawHeaders: Object.entries(headers).flat(), socket: { remoteAddress: '127.0.0.1' } }
  const request = {
    raw,
    headers: raw.headers,
    ip: '127.0.0.1',
    id: 'r',
    log: app.inside.log,
  } as unknown as FastifyRequest
  const leaving = new AbortController()
  const caller = appRouter.createCaller(createContext(app.inside, request, null), { signal: leaving.signal })
  let procedure = caller as unknown
  for (const name of path.split('.')) procedure = (procedure as Record<string, unknown>)[name]
  try {
    const stream = (await (procedure as (input: unknown) => Promise<AsyncIterable<unknown>>)(input))[
      Symbol.asyncIterator
    ]()
    const first = stream.next()
    setImmediate(() => leaving.abort())
    await first
    return may
  } catch (error) {
    return toAppError(error).code
  }
}
