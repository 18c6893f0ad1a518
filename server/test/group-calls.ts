/** How each procedure of groups is called by a user who may, for the sweeps over the whole router. */
import type { Group } from '../../shared/groups.ts'
import type { TestApp } from './app.ts'
import type { Call, Person } from './calls.ts'
import { signedIn } from './followers.ts'
import { data, newAccount } from './passwords.ts'

/** A group of which the user is the admin. */
export async function groupOf({ browser }: Person, settings: object = {}): Promise<Group> {
  return data(await browser.mutate('groups.create', { name: 'A group', ...settings }))
}

/** A new member of the group, who has joined by its code. */
export async function joinedBy(app: TestApp, { accessCode }: Group): Promise<Person> {
  const member = await signedIn(app)
  await member.browser.mutate('groups.join', { accessCode })
  return member
}

/** With no `other` fields, the other call is about another group. */
function inGroup(fields: object = {}, other?: object) {
  return async (_app: TestApp, me: Person): Promise<Call> => {
    const [{ id: groupId }, another] = [await groupOf(me), await groupOf(me)]
    return {
      input: { groupId, ...fields },
      other: other ? { groupId, ...other } : { groupId: another.id, ...fields },
      target: `group:${groupId}`,
    }
  }
}

function onMember(fields: object = {}, prepare?: 'groups.ban') {
  return async (app: TestApp, me: Person): Promise<Call> => {
    const group = await groupOf(me)
    const [one, two] = [await joinedBy(app, group), await joinedBy(app, group)]
    const input = { groupId: group.id, userId: one.id }
    const other = { groupId: group.id, userId: two.id }
    if (prepare) for (const named of [input, other]) await me.browser.mutate(prepare, named)
    return { input: { ...input, ...fields }, other: { ...other, ...fields }, target: `group:${group.id}` }
  }
}

async function invited(app: TestApp, me: Person): Promise<{ groupId: string; invitationId: string }> {
  const admin = await signedIn(app)
  const { id: groupId } = await groupOf(admin)
  const { id: invitationId } = data(await admin.browser.mutate('groups.invite', { groupId, userId: me.id }))
  return { groupId, invitationId }
}

async function joining(app: TestApp): Promise<Call> {
  const admin = await signedIn(app)
  const [one, two] = [await groupOf(admin), await groupOf(admin)]
  return { input: { accessCode: one.accessCode }, other: { accessCode: two.accessCode }, target: `group:${one.id}` }
}

export const groupCalls: Record<string, (app: TestApp, me: Person) => Promise<Call>> = {
  'groups.list': async () => ({}),
  'groups.get': inGroup(),
  'groups.create': async () => ({
    input: { name: 'One', timezone: 'Asia/Kathmandu', description: 'Three' },
    other: { name: 'Two' },
    target: /^group:[0-9a-f-]{36}$/,
  }),
  'groups.update': inGroup({ name: 'One', description: 'Three', isPrivate: true, maxMembers: 9 }, { name: 'Two' }),
  'groups.delete': inGroup(),
  'groups.restore': async (app, me) => {
    const call = await inGroup()(app, me)
    for (const input of [call.input, call.other]) await me.browser.mutate('groups.delete', input)
    return call
  },
  'groups.rotateAccessCode': inGroup(),
  'groups.join': joining,
  'groups.leave': inGroup(),
  'groups.members': inGroup(),
  'groups.updateMember': onMember({ role: 'moderator', canKick: false }),
  'groups.removeMember': onMember(),
  'groups.ban': onMember(),
  'groups.unban': onMember({}, 'groups.ban'),
  'groups.invite': async (app, me) => {
    const { id: groupId } = await groupOf(me)
    const [one, two] = [await signedIn(app), await signedIn(app)]
    return {
      input: { groupId, userId: one.id },
      other: { groupId, userId: two.id },
      target: `group:${groupId}`,
    }
  },
  'groups.invitations': async (app, me) => {
    await invited(app, me)
    return {}
  },
  'groups.acceptInvitation': async (app, me) => {
    const [one, two] = [await invited(app, me), await invited(app, me)]
    return {
      input: { invitationId: one.invitationId },
      other: { invitationId: two.invitationId },
      target: `group:${one.groupId}`,
    }
  },
  'groups.declineInvitation': async (app, me) => {
    const [one, two] = [await invited(app, me), await invited(app, me)]
    return {
      input: { invitationId: one.invitationId },
      other: { invitationId: two.invitationId },
      target: `group-invitation:${one.invitationId}`,
    }
  },
  'groups.events': inGroup(),
  'groups.onEvent': async (app, me) => {
    const { input } = await inGroup()(app, me)
    return {
      input,
      speaksFirst: true,
      cause: () => me.browser.mutate('groups.update', { ...input, name: newAccount().username }),
      isLast: (event) => (event as { type: string }).type === 'group.updated',
    }
  },
}
