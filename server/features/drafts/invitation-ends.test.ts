/** Invitations that are withdrawn, expire or are not accepted, and how many there may be. */
import { and, eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { draftLimits } from '../../../shared/drafts.ts'
import { invitationLimits } from '../../../shared/invitations.ts'
import { newId } from '../../platform/db/columns.ts'
import { users } from '../../platform/identity/table.ts'
import { deleteOldInvitations } from '../../platform/invitations/invitation-job.ts'
import { invitations } from '../../platform/invitations/table.ts'
import { buildTestApp, newPerson } from '../../test/app.ts'
import { makeAdministrator } from '../../test/calls.ts'
import { draftOf, signedIn } from '../../test/followers.ts'
import { draftWithInvitations, handled, verifiedUser } from '../../test/invitations.ts'
import { codeOf, data, mailsTo, newAccount, registered } from '../../test/passwords.ts'

const app = await buildTestApp()
const { db } = app.database
const ownDraft = () => draftWithInvitations(app)
type Answer = Awaited<ReturnType<Awaited<ReturnType<typeof ownDraft>>['invite']>>

/** As if invited so many days earlier. */
const moveBack = (address: string, days: number) =>
  db.execute(sql`update invitations set expires_at = expires_at - make_interval(days => ${days}::int),
    mailed_at = mailed_at - make_interval(days => ${days}::int) where address = ${address}`)

describe('an invitation', () => {
  it('that was withdrawn is accepted by no user, and is no longer listed', async () => {
    const { invite, list, withdraw, others } = await ownDraft()
    const { email } = newAccount()
    const { id } = data(await invite(email))
    expect(data(await withdraw(id))).toMatchObject({ id, email })
    expect(await list()).toEqual([])
    expect(codeOf(await withdraw(id))).toEqual([404, 'NOT_FOUND'])
    await verifiedUser(app, email)
    await handled(app, email)
    expect(await others()).toEqual([])
  })

  it('can be withdrawn only by the owner of its draft', async () => {
    const [mine, theirs] = [await ownDraft(), await ownDraft()]
    const { id } = data(await mine.invite(newAccount().email))
    expect(codeOf(await theirs.withdraw(id))).toEqual([404, 'NOT_FOUND'])
    const friend = await signedIn(app)
    await mine.owner.browser.mutate('drafts.addCollaborator', { draftId: mine.draftId, userId: friend.id })
    const input = { draftId: mine.draftId, invitationId: id }
    expect(codeOf(await friend.browser.mutate('drafts.withdrawInvitation', input))).toEqual([403, 'NOT_DRAFT_OWNER'])
    expect(await mine.list()).toMatchObject([{ id }])
  })

  it('that has expired is accepted by no user, until the address is invited and mailed again', async () => {
    const { invite, list, others } = await ownDraft()
    const { email } = newAccount()
    await invite(email)
    await handled(app, email)
    await moveBack(email, invitationLimits.goodForDays + 1)
    expect(await list()).toEqual([])
    const user = await verifiedUser(app, email)
    await handled(app, email)
    expect(await others()).toEqual([])
    await invite(email)
    await handled(app, email)
    expect(await others()).toEqual([user.id])
    expect(await mailsTo(app, email)).toEqual(['invitation', 'invitation'])
  })

  it('is not accepted by a user who has not verified the address', async () => {
    const { invite, list, others } = await ownDraft()
    const squatter = await registered(app)
    await invite(squatter.email)
    await handled(app, squatter.email)
    expect(await others()).toEqual([])
    expect((await squatter.browser.query('drafts.list')).json().result.data.items).toEqual([])
    expect(await list()).toHaveLength(1)
    expect(await mailsTo(app, squatter.email)).toContain('invitation')
  })

  it('of a collaborator’s address stays listed like that of any other address, and has no effect', async () => {
    const { owner, draftId, invite, list, withdraw, others } = await ownDraft()
    const [claims, unknown] = [newPerson(), newAccount()]
    const signIn = async () => ({ id: (await (await app.signIn(claims)).get('/me')).json().id, email: claims.email })
    const present = await signIn()
    await owner.browser.mutate('drafts.addCollaborator', { draftId, userId: present.id })
    for (const { email } of [present, unknown]) {
      await invite(email)
      await handled(app, email)
      expect(await mailsTo(app, email)).toEqual(['invitation'])
    }
    // A sign-in makes the invitations of its address due.
    await signIn()
    await handled(app, present.email)
    const listed = await list()
    expect(listed.map(({ email }) => email)).toEqual([unknown.email, present.email])
    expect(new Set(listed.map((one) => Object.keys(one).join()))).toHaveLength(1)

    // Nor is it accepted once its user is removed, until the address is invited again.
    await owner.browser.mutate('drafts.removeCollaborator', { draftId, userId: present.id })
    await signIn()
    await handled(app, present.email)
    expect([await others(), (await list()).length]).toEqual([[], 2])
    for (const { id } of listed) expect(data(await withdraw(id)).id).toBe(id)
    expect(await list()).toEqual([])
    await invite(present.email)
    await handled(app, present.email)
    expect([await others(), await list()]).toEqual([[present.id], []])
  })

  it('is not accepted for a user who left the draft lately, and stays listed', async () => {
    const { owner, draftId, invite, list, others } = await ownDraft()
    const { id, email, browser } = await verifiedUser(app)
    await invite(email)
    await handled(app, email)
    expect(await others()).toEqual([id])
    await browser.mutate('drafts.leave', { draftId })
    await invite(email)
    await handled(app, email)
    expect([await others(), (await list()).map((one) => one.email)]).toEqual([[], [email]])
    await db.execute(
      sql`update draft_departures set left_at = left_at - interval '30 days' where draft_id = ${draftId}`,
    )
    await owner.browser.mutate('drafts.rename', { draftId, title: 'Still mine' })
    await invite(email)
    await handled(app, email)
    expect(await others()).toEqual([id])
  })

  it('waits for a disabled user to be enabled', async () => {
    const { invite, others } = await ownDraft()
    const { id, email } = await verifiedUser(app)
    await db.update(users).set({ isActive: false }).where(eq(users.id, id))
    await invite(email)
    await handled(app, email)
    expect(await others()).toEqual([])
    const administrator = await signedIn(app)
    await makeAdministrator(app, administrator)
    expect((await administrator.browser.mutate('people.enable', { personId: id })).statusCode).toBe(200)
    await handled(app, email)
    expect(await others()).toEqual([id])
  })

  it('makes a viewer a collaborator who can only read and to whom the ring cannot be passed', async () => {
    const { owner, draftId, invite, get } = await ownDraft()
    const { id, email } = await verifiedUser(app)
    await db.update(users).set({ role: 'viewer' }).where(eq(users.id, id))
    await invite(email)
    await handled(app, email)
    expect((await get()).collaborators).toMatchObject([{ id: owner.id }, { id, mayWrite: false }])
    const passed = await owner.browser.mutate('drafts.passRing', { draftId, to: id })
    expect(codeOf(passed)).toEqual([422, 'COLLABORATOR_CANNOT_WRITE'])
  })

  const endings: [ending: string, end: (draft: Awaited<ReturnType<typeof ownDraft>>) => Promise<unknown>][] = [
    ['its draft was closed', ({ owner, draftId }) => owner.browser.mutate('drafts.close', { draftId })],
    [
      'its inviter was disabled',
      ({ owner: { id } }) => db.update(users).set({ isActive: false }).where(eq(users.id, id)),
    ],
    [
      'its inviter may no longer write drafts',
      ({ owner: { id } }) => db.update(users).set({ role: 'viewer' }).where(eq(users.id, id)),
    ],
  ]
  it.each(endings)('is not accepted once %s', async (_ending, end) => {
    const draft = await ownDraft()
    const { email } = newAccount()
    await draft.invite(email)
    await handled(app, email)
    await end(draft)
    const user = await verifiedUser(app, email)
    await handled(app, email)
    expect((await user.browser.query('drafts.get', { draftId: draft.draftId })).statusCode).toBe(404)
    const open = and(eq(invitations.address, email), sql`accepted_at is null and withdrawn_at is null`)
    expect(await db.$count(invitations, open)).toBe(0)
  })

  it('is deleted with the account of its inviter, and some time after it has expired', async () => {
    const [one, two] = [await ownDraft(), await ownDraft()]
    const { email } = newAccount()
    await one.invite(email)
    await two.invite(email)
    await handled(app, email)
    const left = () => db.$count(invitations, eq(invitations.address, email))
    await db.delete(users).where(eq(users.id, one.owner.id))
    expect(await left()).toBe(1)
    await moveBack(email, 2 * invitationLimits.goodForDays - 1)
    await deleteOldInvitations(db)
    expect(await left()).toBe(1)
    await moveBack(email, 2)
    await deleteOldInvitations(db)
    expect(await left()).toBe(0)
  })
})

describe('the number', () => {
  const insertOpen = (count: number, inviterId: string, targetId = newId()) =>
    db.insert(invitations).values(
      Array.from({ length: count }, (_, n) => ({
        kind: 'draft' as const,
        targetId,
        address: `${n}.${targetId}@example.org`,
        typed: 'x',
        inviterId,
        expiresAt: new Date(Date.now() + 60_000),
        dueAt: null,
      })),
    )

  it('of open invitations to a draft is bounded, so that each can be accepted', async () => {
    const { owner, draftId, invite } = await ownDraft()
    await insertOpen(draftLimits.collaborators - 2, owner.id, draftId)
    const { email } = newAccount()
    expect((await invite(email)).statusCode).toBe(200)
    expect(codeOf(await invite(newAccount().email))).toEqual([422, 'DRAFT_FULL'])
    const { id: userId } = await signedIn(app)
    const added = await owner.browser.mutate('drafts.addCollaborator', { draftId, userId })
    expect(codeOf(added)).toEqual([422, 'DRAFT_FULL'])
    expect((await invite(email)).statusCode).toBe(200)
  })

  it('of open invitations of an inviter is bounded', async () => {
    const { owner, invite } = await ownDraft()
    await insertOpen(invitationLimits.openPerInviter - 1, owner.id)
    expect((await invite(newAccount().email)).statusCode).toBe(200)
    expect(codeOf(await invite(newAccount().email))).toEqual([422, 'INVITATION_LIMIT_REACHED'])
  })

  it('of mails to one address is bounded: a further one is sent later, and its invitation can be accepted before', async () => {
    const { invite, others } = await ownDraft()
    const { email } = newAccount()
    const [local, host] = email.split('@') as [string, string]
    const { id: other } = await signedIn(app)
    await insertOpen(invitationLimits.mailsPerAddress, other)
    // As much of the budget is spent by what reaches the same mailbox.
    await db.execute(sql`update invitations set target_id = gen_random_uuid(), mailed_at = now(),
      address = ${local} || '+' || substr(address, 1, 1) || '@' || ${host} where inviter_id = ${other}`)
    expect((await invite(email)).statusCode).toBe(200)
    await handled(app, email)
    expect(await mailsTo(app, email)).toEqual([])
    const isLater = and(eq(invitations.address, email), sql`due_at > now() + interval '59 minutes'`)
    expect(await db.$count(invitations, isLater)).toBe(1)
    const user = await verifiedUser(app, email)
    await handled(app, email)
    expect(await others()).toEqual([user.id])
  })

  it('of mails to one address for one inviter is bounded, so that others can have it mailed', async () => {
    const { owner } = await ownDraft()
    const { email } = newAccount()
    const [local, host] = email.split('@') as [string, string]
    const spellings = [email, `${local}+1@${host}`, `${local}+a+b@${host}`.toUpperCase(), `${local}+3@${host}`]
    for (const spelling of spellings) {
      const draft = await draftOf(app, owner)
      const input = { draftId: draft.id, email: spelling }
      expect((await owner.browser.mutate('drafts.addCollaborator', input)).statusCode).toBe(200)
      await handled(app, spelling)
    }
    const mails = () => Promise.all(spellings.map((spelling) => mailsTo(app, spelling.toLowerCase())))
    expect((await mails()).map((sent) => sent.length)).toEqual([1, 1, 1, 0])
    const other = await ownDraft()
    await other.invite(spellings[3] as string)
    await handled(app, spellings[3] as string)
    expect((await mails()).map((sent) => sent.length)).toEqual([1, 1, 1, 1])
  })
})

describe('the budget of invitations', () => {
  it('is per user, and the refusal says when to retry', async () => {
    const limited = await buildTestApp({ environment: { RATE_LIMIT_INVITATIONS: '2' } })
    const { owner, draftId, invite } = await draftWithInvitations(limited)
    const answers = [
      await invite(newAccount().email),
      await invite(newAccount().email),
      await invite(newAccount().email),
    ]
    expect(answers.map(codeOf)).toEqual([
      [200, undefined],
      [200, undefined],
      [429, 'TOO_MANY_INVITATIONS'],
    ])
    expect(Number(answers[2]?.headers['retry-after'])).toBeGreaterThan(600)
    const { id: userId } = await signedIn(limited)
    const added = await owner.browser.mutate('drafts.addCollaborator', { draftId, userId })
    expect(added.statusCode, 'adding a user does not count').toBe(200)
    expect((await (await draftWithInvitations(limited)).invite(newAccount().email)).statusCode).toBe(200)
  })

  it('is per address, for all its inviters together', async () => {
    const limited = await buildTestApp({ environment: { RATE_LIMIT_SIGN_IN: '2' } })
    const { email } = newAccount()
    const codes: unknown[] = []
    for (let n = 0; n < 3; n++) codes.push(codeOf(await (await draftWithInvitations(limited)).invite(email))[0])
    expect(codes).toEqual([200, 200, 429])
    expect((await (await draftWithInvitations(limited)).invite(newAccount().email)).statusCode).toBe(200)
  })

  it('is per mailbox, and one inviter cannot spend all that an address has', async () => {
    const limited = await buildTestApp({ environment: { RATE_LIMIT_SIGN_IN: '4' } })
    const { email } = newAccount()
    const spellings = [email.toUpperCase(), email.replace('@', '+1@'), email.replace('@', '+2@'), email]
    const [one, two, three] = await Promise.all(Array.from({ length: 3 }, () => draftWithInvitations(limited)))
    for (const spelling of [...spellings, ...spellings]) expect((await one?.invite(spelling))?.statusCode).toBe(200)
    expect((await two?.invite(email))?.statusCode).toBe(200)
    expect(codeOf((await three?.invite(email.replace('@', '+3@'))) as Answer)).toEqual([429, 'TOO_MANY_INVITATIONS'])
  })

  it('is spent neither by a user of another draft nor by one who has no confirmed address', async () => {
    const limited = await buildTestApp({ environment: { RATE_LIMIT_SIGN_IN: '1' } })
    const { email: address } = newAccount()
    const { draftId, invite } = await draftWithInvitations(limited)
    const stranger = await signedIn(limited)
    const foreign = await stranger.browser.mutate('drafts.addCollaborator', { draftId, email: address })
    expect(codeOf(foreign)).toEqual([404, 'NOT_FOUND'])
    const unconfirmed = await registered(limited)
    const { id } = data(await unconfirmed.browser.mutate('drafts.create', { title: 'One' }))
    const early = await unconfirmed.browser.mutate('drafts.addCollaborator', { draftId: id, email: address })
    expect(codeOf(early)).toEqual([403, 'ADDRESS_NOT_CONFIRMED'])
    expect((await invite(address)).statusCode).toBe(200)
  })

  it('is per network, for all its accounts together', async () => {
    const limited = await buildTestApp({ environment: { RATE_LIMIT_ANONYMOUS: '2' } })
    const codes: unknown[] = []
    for (let n = 0; n < 3; n++)
      codes.push(codeOf(await (await draftWithInvitations(limited)).invite(newAccount().email))[0])
    expect(codes).toEqual([200, 200, 429])
  })
})
