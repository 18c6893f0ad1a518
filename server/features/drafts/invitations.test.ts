/** An e-mail address is invited to a draft, and the user who verifies it becomes a collaborator. */
import { eq } from 'drizzle-orm'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { auditLogs } from '../../platform/audit/table.ts'
import { newId } from '../../platform/db/columns.ts'
import { identities, users } from '../../platform/identity/table.ts'
import { InvitationJob } from '../../platform/invitations/invitation-job.ts'
import { buildTestApp, newPerson } from '../../test/app.ts'
import { countStatements } from '../../test/counted-statements.ts'
import { signedIn } from '../../test/followers.ts'
import { draftWithInvitations, handled, verifiedUser, verify } from '../../test/invitations.ts'
import { lastMailTo } from '../../test/mails.ts'
import { codeOf, data, forgotten, mailedToken, mailsTo, newAccount, registered } from '../../test/passwords.ts'
import { TestIssuer } from '../../test/token-issuer.ts'

const clerk = await TestIssuer.start()
afterAll(() => clerk.close())
const party = 'https://app.example.org'
const app = await buildTestApp({ environment: { CLERK_ISSUER: clerk.url, CLERK_AUTHORIZED_PARTIES: party } })
const { db } = app.database
afterEach(() => vi.restoreAllMocks())

type Someone = Awaited<ReturnType<typeof signedIn>>

const ownDraft = () => draftWithInvitations(app)

/** Addresses of one length, so that responses can be compared by their bytes. */
const kindsOfAddresses: [kind: string, make: () => Promise<string>][] = [
  ['an unknown address', async () => newAccount().email],
  ['a verified address', async () => (await verifiedUser(app)).email],
  [
    'the address of a disabled user',
    async () => {
      const { id, email } = await verifiedUser(app)
      await db.update(users).set({ isActive: false }).where(eq(users.id, id))
      return email
    },
  ],
  ['an unverified address', async () => (await registered(app)).email],
]

describe('inviting an address', () => {
  it('has the same response, after the same statements, whatever account has the address', async () => {
    const { owner, draftId } = await ownDraft()
    const wake = vi.spyOn(InvitationJob.prototype, 'wake').mockResolvedValue()
    // Statements on drafts and invitations, and lookups by an address or a name. Only the job that deletes old invitations deletes any.
    const count = countStatements(app, /^(?!delete ).*("(drafts|draft_collaborators|invitations)"|lower\()/s)
    const seen: unknown[] = []
    for (const [, make] of kindsOfAddresses) {
      for (const field of ['person', 'email']) {
        const address = await make()
        const before = count()
        const answer = await owner.browser.mutate('drafts.addCollaborator', { draftId, [field]: address })
        const statements = count() - before
        const { id, email, invitedAt, expiresAt, ...rest } = data(answer)
        expect([email, rest]).toEqual([address, {}])
        expect([id, invitedAt, expiresAt].map((text) => text.length)).toEqual([36, 24, 24])
        seen.push([answer.statusCode, answer.body.length, Object.keys(answer.headers), statements])
      }
    }
    expect(seen).toEqual(seen.map(() => seen[0]))
    // On the embedded database the statements of a transaction are not counted.
    if (app.database.kind === 'postgres') expect(count()).toBeGreaterThan(4 * seen.length)
    expect(wake).toHaveBeenCalled()
  })

  it('makes the user of a verified address a collaborator, with the usual event', async () => {
    const { owner, draftId, invite, list, get, others } = await ownDraft()
    const { cursor: lastEventId } = await get()
    const friend = await verifiedUser(app)
    const { id } = data(await invite(friend.email.toUpperCase()))
    await handled(app, friend.email)
    expect(await others()).toEqual([friend.id])
    expect(await list()).toEqual([])
    const { events } = data(await owner.browser.query('drafts.events', { draftId, lastEventId }))
    expect(events).toMatchObject([{ type: 'collaborator.added', actorId: owner.id, person: { id: friend.id } }])
    expect((await friend.browser.query('drafts.get', { draftId })).statusCode).toBe(200)
    const records = await db
      .select()
      .from(auditLogs)
      .where(eq(auditLogs.target, `draft:${draftId}`))
    expect(records.map(({ action, actorId, after }) => [action, actorId, after])).toEqual(
      expect.arrayContaining([
        ['drafts.addCollaborator', owner.id, { draftId, person: '[left out]', invitationId: id }],
        ['drafts.acceptInvitation', friend.id, { collaboratorId: friend.id, invitationId: id }],
      ]),
    )
    expect(JSON.stringify(records).toLowerCase()).not.toContain(friend.email)
  })

  it('mails the address once, with a link to the draft and no text of the inviter', async () => {
    const { owner, draftId, invite, withdraw } = await ownDraft()
    const { email } = newAccount()
    await db.update(users).set({ displayName: 'Claim your prize' }).where(eq(users.id, owner.id))
    await owner.browser.mutate('account.updateProfile', { username: newAccount().username })
    const answers = await Promise.all([invite(email), invite(email)])
    for (const answer of answers) expect(answer.statusCode).toBe(200)
    await handled(app, email)
    const mail = await lastMailTo(app, email)
    expect(mail.link).toBe(`${app.publicUrl}/drafts/${draftId}`)
    expect(mail.text).toContain('@u_')
    expect(mail.text).not.toMatch(/prize|A draft/)
    await withdraw(data(answers[0] as (typeof answers)[0]).id)
    await invite(email)
    await handled(app, email)
    expect(await mailsTo(app, email)).toEqual(['invitation'])
  })

  it('is mailed without a name for an inviter who has no username, because a display name could be that of another user', async () => {
    const { owner, invite } = await ownDraft()
    const { email } = newAccount()
    await db.update(users).set({ displayName: 'Ada Lovelace' }).where(eq(users.id, owner.id))
    await invite(email)
    await handled(app, email)
    const { text } = await lastMailTo(app, email)
    expect(text).toContain('A user who has not chosen a username invites you')
    expect(text).not.toContain('Ada')
  })

  it('lists the address as it was typed, only to the owner', async () => {
    const { draftId, invite, list, owner } = await ownDraft()
    const typed = `Grace.${newAccount().email}`
    await invite(typed)
    expect(await list()).toMatchObject([{ email: typed }])
    const friend = await signedIn(app)
    const seen = () => friend.browser.query('drafts.listInvitations', { draftId })
    expect(codeOf(await seen())).toEqual([404, 'NOT_FOUND'])
    await owner.browser.mutate('drafts.addCollaborator', { draftId, userId: friend.id })
    expect(codeOf(await seen())).toEqual([403, 'NOT_DRAFT_OWNER'])
  })

  it('is refused for text that is no address, for a collaborator who does not own the draft, and for a closed draft', async () => {
    const { owner, draftId } = await ownDraft()
    const friend = await signedIn(app)
    await owner.browser.mutate('drafts.addCollaborator', { draftId, userId: friend.id })
    const add = ({ browser }: Pick<Someone, 'browser'>, names: object) =>
      browser.mutate('drafts.addCollaborator', { draftId, ...names })
    expect(codeOf(await add(owner, { email: 'ada' }))).toEqual([400, 'VALIDATION_ERROR'])
    expect(codeOf(await add(owner, { email: 'ada@example.org', userId: friend.id }))).toEqual([400, 'VALIDATION_ERROR'])
    expect(codeOf(await add(friend, { email: newAccount().email }))).toEqual([403, 'NOT_DRAFT_OWNER'])
    await owner.browser.mutate('drafts.close', { draftId })
    expect(codeOf(await add(owner, { email: newAccount().email }))).toEqual([409, 'DRAFT_CLOSED'])
  })

  it('is the only use of an address: it names no user, whatever field it is in', async () => {
    const { owner, draftId, others } = await ownDraft()
    const friend = await verifiedUser(app)
    await db.insert(identities).values({ userId: friend.id, provider: 'legacy', subject: friend.email })
    await owner.browser.mutate('drafts.addCollaborator', { draftId, userId: friend.id })
    const code = async (path: string, names: object) =>
      codeOf(await owner.browser.mutate(`drafts.${path}`, { draftId, ...names }))
    for (const field of ['username', 'userId', 'legacyId'])
      expect(await code('addCollaborator', { [field]: friend.email }), field).toEqual([422, 'PERSON_NOT_FOUND'])
    for (const field of ['to', 'username', 'legacyId'])
      expect(await code('passRing', { [field]: friend.email }), field).toEqual([422, 'NOT_A_COLLABORATOR'])
    expect(await code('passRing', { email: friend.email })).toEqual([400, 'VALIDATION_ERROR'])
    expect(await others()).toEqual([friend.id])
  })
})

describe('an invitation is accepted for the user who verifies its address', () => {
  const methods: [method: string, verifyAddress: (address: string) => Promise<unknown>][] = [
    [
      'by the link of a sign-up',
      async (email) => {
        const account = await registered(app, { email })
        await verify(app, account)
      },
    ],
    [
      'by a new password from a mail',
      async (email) => {
        await registered(app, { email })
        const reset = { token: await forgotten(app, email), newPassword: newAccount().password }
        expect((await app.browser().mutate('auth.resetPassword', reset)).statusCode).toBe(200)
      },
    ],
    [
      'by taking the address back from an account of another user',
      async (email) => {
        await registered(app, { email })
        const token = await mailedToken(app, email, 'verify-email')
        expect((await app.browser().mutate('auth.reclaimAddress', { token })).statusCode).toBe(200)
      },
    ],
    ['by a first sign-in with Google', (email) => app.signIn({ ...newPerson(), email })],
    [
      'by a sign-in with Google, of an account that had no verified address',
      async (email) => {
        const { sub } = newPerson()
        await app.signIn({ sub, email, email_verified: false })
        return app.signIn({ sub, email, email_verified: true })
      },
    ],
    [
      'by a sign-in with Google, which takes the account from a user who did not verify the address',
      async (email) => {
        await registered(app, { email })
        await app.signIn({ ...newPerson(), email })
      },
    ],
    [
      'by a token of another issuer',
      async (email) => {
        const token = await clerk.token({
          azp: party,
          sub: `user_${newId()}`,
          sid: newId(),
          email,
          email_verified: true,
        })
        expect((await app.browser().get('/me', { authorization: `Bearer ${token}` })).statusCode).toBe(200)
      },
    ],
  ]

  it.each(methods)('%s', async (_method, verifyAddress) => {
    const [one, two] = [await ownDraft(), await ownDraft()]
    const { email } = newAccount()
    for (const { invite } of [one, two]) await invite(email)
    await handled(app, email)
    expect(await one.list()).toHaveLength(1)
    await verifyAddress(email)
    await handled(app, email)
    const [user] = await db.select().from(users).where(eq(users.email, email))
    expect(user?.emailVerified).toBe(true)
    expect([await one.others(), await two.others()]).toEqual([[user?.id], [user?.id]])
    expect([await one.list(), await two.list()]).toEqual([[], []])
  })
})
