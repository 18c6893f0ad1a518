/** Changes of one group at the same moment: the cap, the last admin, and the count of members. */
import { and, eq } from 'drizzle-orm'
import { afterAll, expect, it } from 'vitest'
import { newId } from '../../platform/db/columns.ts'
import { users } from '../../platform/identity/table.ts'
import { buildTestApp } from '../../test/app.ts'
import { createTestDatabase } from '../../test/database.ts'
import { signedIn } from '../../test/followers.ts'
import { groupOf, joinedBy } from '../../test/group-calls.ts'
import { data } from '../../test/passwords.ts'
import { joinGroup } from './service.ts'
import { groupMemberships, groups } from './table.ts'

const database = await createTestDatabase()
afterAll(() => database.drop())
const environment = { DATABASE_URL: database.url }
const [here, there] = [await buildTestApp({ environment }), await buildTestApp({ environment })]
const { db } = here.database

const countsOf = async (groupId: string) => {
  const [row] = await db.select().from(groups).where(eq(groups.id, groupId))
  const isActive = and(eq(groupMemberships.groupId, groupId), eq(groupMemberships.status, 'active'))
  return { memberCount: row?.memberCount, rows: await db.$count(groupMemberships, isActive) }
}

it('50 users who join a group with room for 20 at once leave exactly 20 members', async () => {
  const rounds = 20
  const ids = Array.from({ length: 50 }, () => newId())
  await db.insert(users).values(ids.map((id) => ({ id, displayName: 'A user' })))
  for (let round = 0; round < rounds; round++) {
    const admin = await signedIn(here)
    const { id: groupId, accessCode } = await groupOf(admin)
    const joins = ids.map(async (id, at) => {
      const actor = { id } as Parameters<typeof joinGroup>[1]
      const own = at % 2 === 0 ? here : there
      return joinGroup(own.database.db, actor, { accessCode: String(accessCode) }).then(
        () => 'joined',
        (error) => error.code,
      )
    })
    const outcomes = Map.groupBy(await Promise.all(joins), (outcome) => outcome)
    expect([...outcomes].map(([outcome, all]) => [outcome, all.length]).sort()).toEqual([
      ['GROUP_CODE_REFUSED', 31],
      ['joined', 19],
    ])
    expect(await countsOf(groupId)).toEqual({ memberCount: 20, rows: 20 })
  }
})

it('two admins who leave, demote and remove each other at once leave a group that has an admin', async () => {
  for (let round = 0; round < 15; round++) {
    const [one, group] = await signedIn(here).then(async (user) => [user, await groupOf(user)] as const)
    const groupId = group.id
    const [two, member] = [await joinedBy(there, group), await joinedBy(here, group)]
    await one.browser.mutate('groups.updateMember', { groupId, userId: two.id, role: 'admin' })
    await Promise.all([
      one.browser.mutate('groups.leave', { groupId }),
      two.browser.mutate('groups.updateMember', { groupId, userId: one.id, role: 'member' }),
      one.browser.mutate('groups.updateMember', { groupId, userId: two.id, role: 'member' }),
      two.browser.mutate('groups.leave', { groupId }),
      one.browser.mutate('groups.removeMember', { groupId, userId: two.id }),
    ])
    const { items } = data(await member.browser.query('groups.members', { groupId }))
    const roles = (items as { userId: string; role: string }[]).map(({ userId, role }) => [userId, role])
    expect(roles).toEqual([[member.id, 'admin']])
    expect(await countsOf(groupId)).toEqual({ memberCount: 1, rows: 1 })
  }
})

it('a ban and the join of the same user at once leave the user banned', async () => {
  for (let round = 0; round < 15; round++) {
    const admin = await signedIn(here)
    const group = await groupOf(admin)
    const user = await joinedBy(there, group)
    await user.browser.mutate('groups.leave', { groupId: group.id })
    await Promise.all([
      user.browser.mutate('groups.join', { accessCode: group.accessCode }),
      admin.browser.mutate('groups.ban', { groupId: group.id, userId: user.id }),
    ])
    const { items } = data(await admin.browser.query('groups.members', { groupId: group.id, status: 'banned' }))
    expect(items).toMatchObject([{ userId: user.id }])
    expect(await countsOf(group.id)).toEqual({ memberCount: 1, rows: 1 })
  }
})

it('a user who accepts an invitation and joins by the code at once is a member once', async () => {
  for (let round = 0; round < 10; round++) {
    const admin = await signedIn(here)
    const { id: groupId, accessCode } = await groupOf(admin)
    const user = await signedIn(there)
    const { id: invitationId } = data(await admin.browser.mutate('groups.invite', { groupId, userId: user.id }))
    await Promise.all([
      user.browser.mutate('groups.join', { accessCode }),
      user.browser.mutate('groups.acceptInvitation', { invitationId }),
    ])
    expect(await countsOf(groupId)).toEqual({ memberCount: 2, rows: 2 })
  }
})
