/**
 * What an administrator can do to a person: the call, and every word about it. What takes something away says whose, and
 * about oneself that it cannot be taken back alone.
 */
import type { Role } from '../../../shared/account.ts'
import type { ManagedPerson } from '../../../shared/people.ts'
import { fullName } from '../account/full-name.ts'
import { roleNames } from '../account/role-names.ts'
import type { Question } from '../page/confirm-dialog.tsx'
import { plinth } from '../plinth.ts'

export type Act = { type: 'change-role'; role: Role } | { type: 'disable' } | { type: 'enable' } | { type: 'sign-out' }

interface ActOnPerson extends Question {
  /** @returns what was done, in words. @throws PlinthError */
  run: () => Promise<string>
  failure: string
}

const roleConsequences: Partial<Record<Role, string>> = {
  viewer: 'A viewer reads, and writes nothing. ',
  admin: 'An admin can change roles, disable people and read the audit log. ',
}

export function actOn(person: ManagedPerson, act: Act, isMe: boolean): ActOnPerson {
  const { id: personId, displayName: name, role } = person
  const who = fullName(person)
  switch (act.type) {
    case 'change-role': {
      const [before, after] = [roleNames[role], roleNames[act.role]]
      return {
        question: isMe ? `Change your own role to ${after}?` : `Change the role of ${who} to ${after}?`,
        consequence: isMe
          ? `You are ${name}. Without the role ${before} you lose these pages at once, and only another admin can give it back.`
          : `${name} has the role ${before} now. ${roleConsequences[act.role] ?? ''}The change counts at once, wherever they are signed in.`,
        confirm: `Change role to ${after}`,
        isHarmless: !isMe,
        run: async () => {
          await plinth.people.changeRole.mutate({ personId, role: act.role })
          return `${name} now has the role ${after}`
        },
        failure: `The role of ${name} was not changed`,
      }
    }
    case 'disable':
      return {
        question: isMe ? 'Disable your own account?' : `Disable ${who}?`,
        consequence: isMe
          ? `You are ${name}. You are signed out everywhere, here too, and cannot sign in until another admin enables you. Your API keys end for good.`
          : 'They are signed out everywhere and cannot sign in. Their API keys end for good. What they wrote stays.',
        confirm: isMe ? 'Disable my account' : `Disable ${name}`,
        run: async () => {
          await plinth.people.disable.mutate({ personId })
          return `${name} is disabled`
        },
        failure: `${name} was not disabled`,
      }
    case 'enable':
      return {
        question: `Enable ${who}?`,
        consequence: `They can sign in again, with the role ${roleNames[role]}.`,
        confirm: `Enable ${name}`,
        isHarmless: true,
        run: async () => {
          await plinth.people.enable.mutate({ personId })
          return `${name} can sign in again`
        },
        failure: `${name} was not enabled`,
      }
    case 'sign-out':
      return {
        question: isMe ? 'Sign yourself out everywhere?' : `Sign ${who} out everywhere?`,
        consequence: isMe
          ? `You are ${name}. All your sessions end, this one too. You can sign in again at once, and your API keys stay.`
          : 'All their sessions end, on every device. They can sign in again at once, and their API keys stay.',
        confirm: 'Sign out everywhere',
        run: async () => {
          const { ended } = await plinth.people.endSessions.mutate({ personId })
          if (ended === 0) return `${name} was signed in nowhere`
          return `${name} was signed out ${ended === 1 ? 'of 1 session' : `of ${ended} sessions`}`
        },
        failure: `${name} was not signed out`,
      }
  }
}
