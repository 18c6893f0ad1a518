/** Who there is, and what they may: what an administrator does on the page of people. */
import { Role } from '../shared/account.ts'
import type { ManagedPerson } from '../shared/people.ts'
import { type Call, exitCodes, listOptions, type ProcedureCommand, pageOf, Refusal } from './command.ts'
import { textTable } from './text-table.ts'

const person = 'person'

export const peopleCommands: Record<string, ProcedureCommand> = {
  'people list': {
    summary: 'Everybody, the newest first',
    options: { search: { type: 'string' }, role: { type: 'string' }, ...listOptions },
    async run({ plinth, options, terminal }) {
      const { search, role } = options
      const page = await plinth.call.people.list({
        ...pageOf(options),
        ...(search !== undefined && { search: String(search) }),
        ...(role !== undefined && { role: roleOf(String(role)) }),
      })
      if (options.json) return terminal.print(JSON.stringify(page, null, 2))
      terminal.print(peopleTable(page.items))
      if (page.nextCursor) terminal.complain(`There are more: --cursor ${page.nextCursor}`)
    },
  },
  'people role': {
    summary: `Gives a user another role: ${Role.options.join(', ')}`,
    operands: [person, 'role'],
    options: { json: { type: 'boolean' } },
    async run(call) {
      const role = roleOf(call.operands[1] ?? '')
      const { id: personId } = await getPerson(call)
      show(call, await call.plinth.call.people.changeRole({ personId, role }))
    },
  },
  'people disable': {
    summary: 'Signs a user out everywhere and refuses their sign-in',
    operands: [person],
    options: { json: { type: 'boolean' } },
    async run(call) {
      const { id: personId } = await getPerson(call)
      show(call, await call.plinth.call.people.disable({ personId }))
    },
  },
  'people enable': {
    summary: 'Lets a disabled user sign in again',
    operands: [person],
    options: { json: { type: 'boolean' } },
    async run(call) {
      const { id: personId } = await getPerson(call)
      show(call, await call.plinth.call.people.enable({ personId }))
    },
  },
  'people end-sessions': {
    summary: 'Signs a user out everywhere',
    operands: [person],
    options: { json: { type: 'boolean' } },
    async run(call) {
      const { id: personId } = await getPerson(call)
      showEnded(call, await call.plinth.call.people.endSessions({ personId }))
    },
  },
  'people sessions': {
    summary: 'Sessions of a user, the newest first',
    operands: [person],
    options: listOptions,
    async run(call) {
      const { plinth, options, terminal } = call
      const { id: personId } = await getPerson(call)
      const page = await plinth.call.people.sessions.list({ personId, ...pageOf(options) })
      if (options.json) return terminal.print(JSON.stringify(page, null, 2))
      terminal.print(
        textTable(
          ['ID', 'DEVICE', 'FROM', 'SINCE', 'LAST USED', 'UNTIL'],
          page.items.map(({ id, device, ip, createdAt, lastUsedAt, expiresAt }) => [
            id,
            device,
            ip,
            createdAt,
            lastUsedAt,
            expiresAt,
          ]),
        ),
      )
      if (page.nextCursor) terminal.complain(`There are more: --cursor ${page.nextCursor}`)
    },
  },
  'people end-session': {
    summary: 'Ends one session of a user, by its id in `people sessions`',
    operands: [person, 'session'],
    options: { json: { type: 'boolean' } },
    async run(call) {
      const { id: personId } = await getPerson(call)
      showEnded(call, await call.plinth.call.people.sessions.revoke({ personId, sessionId: call.operands[1] ?? '' }))
    },
  },
  'admin grant': {
    summary: 'Makes a user an administrator, also the first one',
    operands: [person],
    options: { yes: { type: 'boolean', short: 'y' }, json: { type: 'boolean' } },
    async run(call) {
      const { id: personId, displayName, active } = await getPerson(call)
      if (!active) throw new Refusal(`${displayName} is disabled. Enable them first: plinth people enable ${personId}`)
      const { items } = await call.plinth.call.people.list({ role: 'admin', active: true, limit: 2 })
      const others = items.filter(({ id }) => id !== personId)
      if (items.length === others.length && others.length > 0) await confirmAnother(call, displayName)
      show(call, await call.plinth.call.people.changeRole({ personId, role: 'admin' }))
    },
  },
}

/** Whoever can run this has made the first one already, or somebody has: a second one by a slip is hard to notice. */
async function confirmAnother({ options, terminal }: Call, displayName: string): Promise<void> {
  if (options.yes) return
  if (!terminal.confirm)
    throw new Refusal('There is an administrator already. Add --yes to make another one.', exitCodes.usage)
  const sure = await terminal.confirm(`There is an administrator already. Make ${displayName} one too?`)
  if (!sure) throw new Refusal('Nothing was changed.')
}

/** Whom the first operand names, unless `named` does. @throws Refusal where nobody, or more than one person, goes by it */
export async function getPerson({ plinth, operands }: Call, named = operands[0] ?? ''): Promise<ManagedPerson> {
  const found = await plinth.call.people.find({ named })
  if (found) return found
  throw new Refusal(
    `No user has the name ${JSON.stringify(named)}: it is no id, username, legacy id or confirmed e-mail address.\n` +
      'Find them by `plinth people list --search <part>` and name them by id.',
  )
}

function roleOf(text: string): Role {
  const role = Role.safeParse(text)
  if (!role.success) throw new Refusal(`A role is one of ${Role.options.join(', ')}.`, exitCodes.usage)
  return role.data
}

const showEnded = ({ options, terminal }: Call, answer: { ended: number }) =>
  terminal.print(options.json ? JSON.stringify(answer, null, 2) : `Sessions ended: ${answer.ended}`)

const show = ({ options, terminal }: Call, changed: ManagedPerson) =>
  terminal.print(options.json ? JSON.stringify(changed, null, 2) : peopleTable([changed]))

const peopleTable = (people: readonly ManagedPerson[]) =>
  textTable(
    ['ID', 'NAME', 'USERNAME', 'E-MAIL', 'ROLE', 'STATE', 'LAST SIGN-IN'],
    people.map(({ id, displayName, username, email, emailVerified, role, active, lastLoginAt }) => [
      id,
      displayName,
      username,
      email && !emailVerified ? `${email} (not proved)` : email,
      role,
      active ? 'active' : 'disabled',
      lastLoginAt,
    ]),
  )
