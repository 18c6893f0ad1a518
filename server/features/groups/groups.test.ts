import { and, eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { accessCodeAlphabet, type Group, type GroupEvent, groupLimits } from '../../../shared/groups.ts'
import { auditLogs } from '../../platform/audit/table.ts'
import { newId } from '../../platform/db/columns.ts'
import { withTransaction } from '../../platform/db/transaction.ts'
import { users } from '../../platform/identity/table.ts'
import { buildTestApp, quickChecks } from '../../test/app.ts'
import { signedIn } from '../../test/followers.ts'
import { groupOf, joinedBy } from '../../test/group-calls.ts'
import { handled, verifiedUser } from '../../test/invitations.ts'
import { codeOf, data, mailsTo, newAccount } from '../../test/passwords.ts'
import { TestSocket } from '../../test/socket.ts'
import { until } from '../../test/until.ts'
import { purgeDeletedGroups } from './jobs.ts'
import { handOverGroups } from './service.ts'
import { groupMemberships, groups } from './table.ts'

const app = await buildTestApp({ times: quickChecks })
const { db } = app.database
type User = Awaited<ReturnType<typeof signedIn>>

async function newGroup(settings: object = {}) {
  const admin = await signedIn(app)
  const group = await groupOf(admin, settings)
  return { admin, group, groupId: group.id }
}
const get = async ({ browser }: User, groupId: string): Promise<Group> =>
  data(await browser.query('groups.get', { groupId }))
const join = ({ browser }: User, { accessCode }: Pick<Group, 'accessCode'>) =>
  browser.mutate('groups.join', { accessCode })
const membersOf = async ({ browser }: User, groupId: string, status = 'active') =>
  data(await browser.query('groups.members', { groupId, status })).items as { userId: string; role: string }[]
const rolesOf = async (user: User, groupId: string) =>
  (await membersOf(user, groupId)).map(({ userId, role }) => [userId, role])
const isNot = async ({ browser }: User, groupId: string) =>
  expect(codeOf(await browser.query('groups.get', { groupId }))).toEqual([404, 'NOT_FOUND'])

describe('a group', () => {
  it('is created with its creator as admin, defaults, and an access code without look-alikes', async () => {
    const { admin, group } = await newGroup()
    expect(group).toMatchObject({
      description: null,
      isPrivate: false,
      maxMembers: 20,
      allowMemberInvite: false,
      checkInFrequency: 'weekly',
      timezone: 'UTC',
      memberCount: 1,
      totalCheckIns: 0,
      averageParticipationRate: 0,
      role: 'admin',
      permissions: { canInvite: true, canKick: true },
      deletedAt: null,
    })
    expect(group.accessCode).toMatch(new RegExp(`^[${accessCodeAlphabet}]{10}$`))
    expect(data(await admin.browser.query('groups.list')).items).toEqual([group])
    await isNot(await signedIn(app), group.id)
  })

  it('has the time zone of its creator unless another is chosen', async () => {
    const { browser } = await signedIn(app)
    await browser.mutate('account.updateProfile', { timezone: 'Asia/Tokyo' })
    const zoneOf = async (more: object) => data(await browser.mutate('groups.create', { name: 'A', ...more })).timezone
    expect([await zoneOf({}), await zoneOf({ timezone: 'UTC' })]).toEqual(['Asia/Tokyo', 'UTC'])
  })

  it('refuses a time zone that does not exist, more members than the limit, and an empty name', async () => {
    const { browser } = await signedIn(app)
    for (const wrong of [{ timezone: '+01:00' }, { maxMembers: 101 }, { maxMembers: 1 }, { name: '  ' }]) {
      const answer = await browser.mutate('groups.create', { name: 'A group', ...wrong })
      expect(codeOf(answer)).toEqual([400, 'VALIDATION_ERROR'])
    }
  })

  it('is changed by an admin alone, and not to fewer members than it has', async () => {
    const { admin, group, groupId } = await newGroup()
    const members = [await joinedBy(app, group), await joinedBy(app, group)] as const
    const change = {
      groupId,
      name: 'New',
      checkInFrequency: 'daily',
      timezone: 'Europe/Berlin',
      allowMemberInvite: true,
    }
    expect(codeOf(await members[0].browser.mutate('groups.update', change))).toEqual([403, 'GROUP_PERMISSION_MISSING'])
    expect((await get(members[0], groupId)).accessCode).toBeNull()
    const { groupId: _, ...changed } = change
    expect(data(await admin.browser.mutate('groups.update', change))).toMatchObject({ ...changed, memberCount: 3 })
    expect((await get(members[0], groupId)).accessCode).toBe(group.accessCode)
    const fewer = await admin.browser.mutate('groups.update', { groupId, maxMembers: 2 })
    expect(codeOf(fewer)).toEqual([409, 'GROUP_FULL'])
  })

  it('is deleted for its members at once, restored by an admin, and purged after the pause', async () => {
    const { admin, group, groupId } = await newGroup()
    const member = await joinedBy(app, group)
    expect(codeOf(await member.browser.mutate('groups.delete', { groupId }))[0]).toBe(403)
    expect((await admin.browser.mutate('groups.delete', { groupId })).statusCode).toBe(200)
    await isNot(member, groupId)
    expect(codeOf(await join(await signedIn(app), group))).toEqual([422, 'GROUP_CODE_REFUSED'])
    for (const { browser } of [member, admin]) {
      const [listed] = data(await browser.query('groups.list')).items
      expect(listed).toMatchObject({ id: groupId, accessCode: null, deletedAt: expect.any(String) })
    }
    expect(codeOf(await member.browser.mutate('groups.restore', { groupId }))).toEqual([404, 'NOT_FOUND'])
    const age = (days: number) =>
      db.execute(sql`update groups set deleted_at = now() - make_interval(days => ${days}) where id = ${groupId}`)
    await age(groupLimits.restoreDays - 1)
    await purgeDeletedGroups.work(db, new AbortController().signal)
    expect(data(await admin.browser.mutate('groups.restore', { groupId }))).toMatchObject({
      memberCount: 2,
      deletedAt: null,
    })
    expect((await get(member, groupId)).id).toBe(groupId)
    await admin.browser.mutate('groups.delete', { groupId })
    await age(groupLimits.restoreDays + 1)
    expect(codeOf(await admin.browser.mutate('groups.restore', { groupId }))).toEqual([404, 'NOT_FOUND'])
    await purgeDeletedGroups.work(db, new AbortController().signal)
    expect(await db.$count(groups, eq(groups.id, groupId))).toBe(0)
  })
})

describe('an access code', () => {
  it('admits a user in any letter case and with hyphens, once, and counts the member', async () => {
    const { admin, group, groupId } = await newGroup()
    const user = await signedIn(app)
    const code = String(group.accessCode)
    const typed = `${code.slice(0, 5).toLowerCase()}-${code.slice(5)} `
    for (let time = 0; time < 2; time++) {
      expect(data(await join(user, { accessCode: typed }))).toMatchObject({
        id: groupId,
        role: 'member',
        memberCount: 2,
      })
    }
    expect(await rolesOf(admin, groupId)).toEqual([
      [admin.id, 'admin'],
      [user.id, 'member'],
    ])
  })

  it('has one response where it is wrong, replaced, of a full or private group, or where the user is banned', async () => {
    const { admin, group, groupId } = await newGroup({ maxMembers: 2 })
    const [wrong, full] = [{ accessCode: 'AAAAAAAAAA' }, group]
    const member = await joinedBy(app, group)
    const hidden = await newGroup({ isPrivate: true })
    const replaced = await newGroup()
    await replaced.admin.browser.mutate('groups.rotateAccessCode', { groupId: replaced.groupId })
    const stranger = await signedIn(app)
    const answers = []
    for (const one of [wrong, full, hidden.group, replaced.group]) answers.push(await join(stranger, one))
    await admin.browser.mutate('groups.ban', { groupId, userId: member.id })
    answers.push(await join(member, group))
    const seen = answers.map((answer) => {
      const { requestId: _, ...rest } = answer.json().error.data
      return { status: answer.statusCode, ...rest }
    })
    expect(seen[0]).toMatchObject({ status: 422, code: 'GROUP_CODE_REFUSED' })
    expect(seen).toEqual(seen.map(() => seen[0]))
  })

  it('is tried by one user ten times in 15 minutes, also with success', async () => {
    const { group } = await newGroup()
    const user = await signedIn(app)
    for (let time = 0; time < groupLimits.joinAttempts; time++) expect((await join(user, group)).statusCode).toBe(200)
    const over = await join(user, group)
    expect(codeOf(over)).toEqual([429, 'TOO_MANY_JOINS'])
    expect(Number(over.headers['retry-after'])).toBeGreaterThan(0)
  })

  it('is in no record of the audit log', async () => {
    const { admin, group, groupId } = await newGroup()
    await joinedBy(app, group)
    const { accessCode } = data(await admin.browser.mutate('groups.rotateAccessCode', { groupId }))
    expect(accessCode).not.toBe(group.accessCode)
    const records = await db
      .select()
      .from(auditLogs)
      .where(eq(auditLogs.target, `group:${groupId}`))
    expect(records.map(({ action }) => action).sort()).toEqual([
      'groups.create',
      'groups.join',
      'groups.rotateAccessCode',
    ])
    expect(JSON.stringify(records)).not.toContain(group.accessCode)
    expect(JSON.stringify(records)).not.toContain(accessCode)
  })
})

describe('a user', () => {
  it('is a member of at most so many groups', async () => {
    const user = await signedIn(app)
    const ids = Array.from({ length: groupLimits.perUser }, () => newId())
    await db.insert(groups).values(ids.map((id) => ({ id, name: 'A group', accessCode: id, memberCount: 1 })))
    const permissions = { can_invite: false, can_kick: false }
    await db.insert(groupMemberships).values(ids.map((groupId) => ({ groupId, userId: user.id, permissions })))
    expect(codeOf(await user.browser.mutate('groups.create', { name: 'One more' }))).toEqual([422, 'GROUP_LIST_FULL'])
    expect(codeOf(await join(user, (await newGroup()).group))).toEqual([422, 'GROUP_LIST_FULL'])
    const page = data(await user.browser.query('groups.list', { limit: 60 }))
    const rest = data(await user.browser.query('groups.list', { limit: 60, cursor: page.pagination.nextCursor }))
    const listed = [...page.items, ...rest.items].map(({ id }) => id)
    expect(listed).toEqual(ids.toReversed())
    expect(page.pagination).toMatchObject({ total: groupLimits.perUser, totalPages: 2 })
  })
})

describe('an invitation', () => {
  it('of a username or an id makes a user a member only after they accept', async () => {
    const { admin, group, groupId } = await newGroup({ isPrivate: true })
    const [one, two] = [await signedIn(app), await signedIn(app)]
    const { username } = newAccount()
    await db.update(users).set({ username }).where(eq(users.id, one.id))
    const sent = data(await admin.browser.mutate('groups.invite', { groupId, username: username.toUpperCase() }))
    expect(sent).toMatchObject({ userId: one.id })
    await isNot(one, groupId)
    expect(data(await one.browser.query('groups.invitations')).items).toMatchObject([
      { id: sent.id, groupId, groupName: group.name, memberCount: 1, invitedBy: { id: admin.id } },
    ])
    const { id } = data(await admin.browser.mutate('groups.invite', { groupId, userId: two.id }))
    expect(codeOf(await one.browser.mutate('groups.acceptInvitation', { invitationId: id }))[0]).toBe(404)
    const accepted = await one.browser.mutate('groups.acceptInvitation', { invitationId: sent.id })
    expect(data(accepted)).toMatchObject({ id: groupId, role: 'member', memberCount: 2 })
    expect(data(await one.browser.query('groups.invitations')).items).toEqual([])
    await two.browser.mutate('groups.declineInvitation', { invitationId: id })
    expect(codeOf(await two.browser.mutate('groups.acceptInvitation', { invitationId: id }))[0]).toBe(404)
    const again = await admin.browser.mutate('groups.invite', { groupId, userId: one.id })
    expect(codeOf(again)).toEqual([409, 'ALREADY_MEMBER'])
    const unknown = await admin.browser.mutate('groups.invite', { groupId, username: newAccount().username })
    expect(codeOf(unknown)).toEqual([422, 'PERSON_NOT_FOUND'])
  })

  it('of a verified address is mailed, and one that its user accepts; the inviter sees no difference', async () => {
    const { admin, groupId } = await newGroup()
    const friend = await verifiedUser(app)
    const unknown = newAccount().email
    const sent = data(await admin.browser.mutate('groups.invite', { groupId, email: friend.email }))
    const other = data(await admin.browser.mutate('groups.invite', { groupId, email: unknown }))
    expect(Object.keys(sent)).toEqual(Object.keys(other))
    for (const email of [friend.email, unknown]) {
      await handled(app, email)
      expect(await mailsTo(app, email)).toEqual(['invitation'])
    }
    const [invitation] = data(await friend.browser.query('groups.invitations')).items
    expect(invitation).toMatchObject({ id: sent.id, groupId })
    await isNot(friend, groupId)
    await friend.browser.mutate('groups.acceptInvitation', { invitationId: sent.id })
    expect((await get(friend, groupId)).memberCount).toBe(2)
    const newcomer = await verifiedUser(app, unknown)
    await handled(app, unknown)
    await until('the invitation of the new account', async () => {
      return data(await newcomer.browser.query('groups.invitations')).items.length === 1
    })
  })

  it('is sent by a member only with the permission, and is withdrawn with the membership of its inviter', async () => {
    const { admin, group, groupId } = await newGroup()
    const member = await joinedBy(app, group)
    const friend = await signedIn(app)
    const invite = () => member.browser.mutate('groups.invite', { groupId, userId: friend.id })
    expect(codeOf(await invite())).toEqual([403, 'GROUP_PERMISSION_MISSING'])
    await admin.browser.mutate('groups.updateMember', { groupId, userId: member.id, canInvite: true })
    const { id: invitationId } = data(await invite())
    await admin.browser.mutate('groups.removeMember', { groupId, userId: member.id })
    expect(codeOf(await friend.browser.mutate('groups.acceptInvitation', { invitationId }))).toEqual([404, 'NOT_FOUND'])
  })

  it('to a group that is full is refused and stays open', async () => {
    const { admin, groupId, group } = await newGroup({ maxMembers: 2 })
    const friend = await signedIn(app)
    const { id: invitationId } = data(await admin.browser.mutate('groups.invite', { groupId, userId: friend.id }))
    const member = await joinedBy(app, group)
    const accept = () => friend.browser.mutate('groups.acceptInvitation', { invitationId })
    expect(codeOf(await accept())).toEqual([409, 'GROUP_FULL'])
    await member.browser.mutate('groups.leave', { groupId })
    expect((await accept()).statusCode).toBe(200)
  })
})

describe('a member', () => {
  it('is removed by a higher role, and may join again; a banned one may not, until the ban is lifted', async () => {
    const { admin, group, groupId } = await newGroup()
    const [moderator, other, member] = [
      await joinedBy(app, group),
      await joinedBy(app, group),
      await joinedBy(app, group),
    ]
    for (const { id: userId } of [moderator, other])
      await admin.browser.mutate('groups.updateMember', { groupId, userId, role: 'moderator' })
    const by = (user: User, path: string, { id: userId }: User) => user.browser.mutate(path, { groupId, userId })
    expect(codeOf(await by(member, 'groups.removeMember', moderator))[0]).toBe(403)
    expect(codeOf(await by(moderator, 'groups.removeMember', other))[0]).toBe(403)
    expect(codeOf(await by(moderator, 'groups.ban', admin))[0]).toBe(403)
    expect((await by(moderator, 'groups.removeMember', member)).statusCode).toBe(200)
    await isNot(member, groupId)
    expect(data(await join(member, group))).toMatchObject({ memberCount: 4 })
    expect((await by(moderator, 'groups.ban', member)).statusCode).toBe(200)
    expect((await by(moderator, 'groups.ban', member)).statusCode).toBe(200)
    expect(codeOf(await join(member, group))[1]).toBe('GROUP_CODE_REFUSED')
    expect(codeOf(await by(admin, 'groups.invite', member))).toEqual([409, 'USER_BANNED'])
    expect((await membersOf(moderator, groupId, 'banned')).map(({ userId }) => userId)).toEqual([member.id])
    expect((await by(moderator, 'groups.unban', member)).statusCode).toBe(200)
    expect(data(await join(member, group))).toMatchObject({ role: 'member', memberCount: 4 })
    const banned = await member.browser.query('groups.members', { groupId, status: 'banned' })
    expect(codeOf(banned)).toEqual([403, 'GROUP_PERMISSION_MISSING'])
  })

  it('who is the last admin and leaves is followed by the eldest moderator, then by the eldest member', async () => {
    const { admin, group, groupId } = await newGroup()
    const [eldest, moderator] = [await joinedBy(app, group), await joinedBy(app, group)]
    const promote = { groupId, userId: moderator.id, role: 'moderator' }
    await admin.browser.mutate('groups.updateMember', promote)
    const demote = await admin.browser.mutate('groups.updateMember', { groupId, userId: admin.id, role: 'member' })
    expect(codeOf(demote)).toEqual([409, 'LAST_GROUP_ADMIN'])
    await admin.browser.mutate('groups.leave', { groupId })
    expect(await rolesOf(eldest, groupId)).toEqual([
      [eldest.id, 'member'],
      [moderator.id, 'admin'],
    ])
    await moderator.browser.mutate('groups.leave', { groupId })
    expect(await rolesOf(eldest, groupId)).toEqual([[eldest.id, 'admin']])
    await eldest.browser.mutate('groups.leave', { groupId })
    const [row] = await db.select().from(groups).where(eq(groups.id, groupId))
    expect(row).toMatchObject({ isActive: false, memberCount: 0, deletedAt: expect.any(Date) })
  })

  it('has no e-mail address in the list', async () => {
    const { admin, groupId } = await newGroup()
    const [member] = await membersOf(admin, groupId)
    expect(Object.keys(member as object).sort()).toEqual(
      ['avatarUrl', 'displayName', 'joinedAt', 'permissions', 'role', 'status', 'userId', 'username'].sort(),
    )
  })

  it('whose account becomes another one’s hands over roles, and a ban of either account holds', async () => {
    const { admin, group, groupId } = await newGroup()
    const [from, to, banned, free] = [
      await joinedBy(app, group),
      await signedIn(app),
      await joinedBy(app, group),
      await joinedBy(app, group),
    ]
    await admin.browser.mutate('groups.updateMember', { groupId, userId: from.id, role: 'moderator' })
    await admin.browser.mutate('groups.ban', { groupId, userId: banned.id })
    await withTransaction(db, (tx) => handOverGroups(tx, from.id, to.id))
    await withTransaction(db, (tx) => handOverGroups(tx, banned.id, free.id))
    expect(await rolesOf(admin, groupId)).toEqual([
      [admin.id, 'admin'],
      [to.id, 'moderator'],
    ])
    expect((await get(admin, groupId)).memberCount).toBe(2)
    await isNot(free, groupId)
    await withTransaction(db, (tx) => handOverGroups(tx, admin.id, to.id))
    expect(await rolesOf(to, groupId)).toEqual([[to.id, 'admin']])
  })
})

describe('the events of a group', () => {
  it('have one for each change, and no name, address or code', async () => {
    const { admin, groupId } = await newGroup()
    const { cursor: lastEventId, accessCode } = data(await admin.browser.query('groups.get', { groupId }))
    const member = await joinedBy(app, { accessCode } as Group)
    await admin.browser.mutate('groups.update', { groupId, name: 'New' })
    await member.browser.mutate('groups.leave', { groupId })
    const { events } = data(await admin.browser.query('groups.events', { groupId, lastEventId }))
    expect(events.map(({ seq: _s, at: _a, ...event }: GroupEvent) => event)).toEqual([
      { type: 'group.updated', actorId: member.id, change: 'member-joined', userId: member.id },
      { type: 'group.updated', actorId: admin.id, change: 'settings-changed', userId: null },
      { type: 'group.updated', actorId: member.id, change: 'member-left', userId: member.id },
    ])
  })

  it('reach a member until they are removed, banned or the group is deleted, which ends the stream', async () => {
    const url = await app.listen()
    const { admin, group, groupId } = await newGroup()
    const [removed, banned, last] = [await joinedBy(app, group), await joinedBy(app, group), await joinedBy(app, group)]
    const sockets = await Promise.all([removed, banned, last].map(({ browser }) => TestSocket.openAs(url, browser)))
    const streams = await Promise.all(sockets.map((socket) => socket.subscribe('groups.onEvent', { groupId })))
    const isOver = (index: number) =>
      until(
        'the end of the stream',
        () =>
          sockets[index]?.answers.some(({ id, error }) => id === streams[index] && error?.data.code === 'NOT_FOUND') ??
          false,
      )
    await admin.browser.mutate('groups.removeMember', { groupId, userId: removed.id })
    await isOver(0)
    await admin.browser.mutate('groups.ban', { groupId, userId: banned.id })
    await isOver(1)
    await admin.browser.mutate('groups.delete', { groupId })
    await isOver(2)
    expect(JSON.stringify(sockets[2]?.answers)).toContain('"deleted"')
    for (const { ws } of sockets) ws.close()
  })
})

it('the count of members equals the memberships after all of the above', async () => {
  const counted = await db
    .select({
      id: groups.id,
      memberCount: groups.memberCount,
      active: sql<number>`count(${groupMemberships.userId})::int`,
    })
    .from(groups)
    .leftJoin(groupMemberships, and(eq(groupMemberships.groupId, groups.id), eq(groupMemberships.status, 'active')))
    .groupBy(groups.id)
  expect(counted.length).toBeGreaterThan(10)
  expect(counted.filter(({ memberCount, active }) => memberCount !== active)).toEqual([])
})
