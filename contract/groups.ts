/** Two users in a group: by its access code and by an invitation. */
import { type Api, check, expected } from './api.ts'

const path = '/api/v1/groups'
const group = `${path}/{groupId}` as const

export async function meetInGroup(api: Api, friend: Api, username: string): Promise<void> {
  const body = { name: 'Sunday runners', timezone: 'Europe/Berlin', checkInFrequency: 'weekly' as const }
  const { data: made } = expected(await api.POST(path, { body }))
  check(made.role === 'admin' && made.memberCount === 1 && made.maxMembers === 20, 'a group has its creator as admin')
  const params = { path: { groupId: made.id } }
  const unseen = await friend.GET(group, { params })
  check(unseen.error?.error.code === 'NOT_FOUND', 'a group of others is not found')
  const wrong = await friend.POST(`${path}/join`, { body: { accessCode: 'AAAAAAAAAA' } })
  check(wrong.error?.error.code === 'GROUP_CODE_REFUSED', 'a wrong code is refused')
  const { data: joined } = expected(await friend.POST(`${path}/join`, { body: { accessCode: made.accessCode ?? '' } }))
  check(joined.id === made.id && joined.role === 'member' && joined.accessCode === null, 'a code admits a user')
  const members = expected(await api.GET(`${group}/members`, { params }))
  check(members.data[1]?.username === username && members.meta.pagination.total === 2, 'members are listed')
  const userId = members.data[1]?.userId ?? ''
  const member = { path: { groupId: made.id, userId } }
  const changed = expected(await api.PUT(`${group}/members/{userId}`, { params: member, body: { role: 'moderator' } }))
  check(changed.data.role === 'moderator' && changed.data.permissions.canKick, 'a member becomes a moderator')
  const left = await friend.POST(`${group}/leave`, { params })
  check(left.response.status === 204, 'a member leaves')
  const renamed = expected(await api.PUT(group, { params, body: { name: 'Monday runners', isPrivate: true } }))
  check(renamed.data.memberCount === 1 && renamed.data.timezone === 'Europe/Berlin', 'what is left out stays')
  const sent = expected(await api.POST(`${group}/invite`, { params, body: { username } })).data
  const [invitation] = expected(await friend.GET(`${path}/invitations`)).data
  check(invitation?.id === sent.id && invitation.groupName === 'Monday runners', 'an invitation is listed')
  const invited = { path: { invitationId: sent.id } }
  check((await friend.DELETE(`${path}/invitations/{invitationId}`, { params: invited })).response.ok, 'or declined')
  invited.path.invitationId = expected(await api.POST(`${group}/invite`, { params, body: { username } })).data.id
  const accepted = expected(await friend.POST(`${path}/invitations/{invitationId}/accept`, { params: invited }))
  check(accepted.data.id === made.id, 'an invitation is accepted')
  const removed = await api.DELETE(`${group}/members/{userId}`, { params: member })
  check(removed.response.status === 204, 'a member is removed')
  const replaced = expected(await api.POST(`${group}/access-code`, { params }))
  check(replaced.data.accessCode !== made.accessCode, 'an access code is replaced')
  const banned = await api.POST(`${group}/members/{userId}/ban`, { params: member })
  check(banned.response.status === 204, 'a member is banned')
  const lifted = await api.DELETE(`${group}/members/{userId}/ban`, { params: member })
  check(lifted.response.status === 204, 'a ban is lifted')
  check(expected(await api.GET(path)).data[0]?.id === made.id, 'a group is listed')
  const plain = await api.GET('/v1/ws/groups/{groupId}', { params })
  check(plain.response.status === 404, 'a socket of a group begins with an upgrade')
  check((await api.DELETE(group, { params })).response.status === 204, 'a group is deleted')
  const restored = expected(await api.POST(`${group}/restore`, { params }))
  check(restored.data.deletedAt === null, 'and restored')
  // @ts-expect-error frequencies are listed
  const refused = await api.POST(path, { body: { name: 'Runners', checkInFrequency: 'yearly' } })
  check(refused.response.status === 400, 'a frequency that does not exist is refused')
}
