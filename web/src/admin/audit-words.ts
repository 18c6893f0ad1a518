/** What the records of the audit log say, in words. An action that has none here is shown by its code. */

import type { AuditRecord } from '../../../shared/audit-log.ts'

/** After the name of who did it. */
export const actionWords: Record<string, string> = {
  'auth.signUp': 'registered',
  'auth.register': 'registered by a program',
  'auth.signIn': 'signed in',
  'auth.login': 'signed in by a program',
  'auth.exchange': 'finished signing in',
  'auth.signInRefused': 'was refused at sign-in',
  'auth.refresh': 'renewed their sign-in',
  'auth.signOut': 'signed out',
  'auth.logout': 'signed out by a program',
  'auth.forgotPassword': 'asked for a link to set a password',
  'auth.resetPassword': 'set a new password by mail',
  'auth.verifyEmail': 'confirmed an address',
  'auth.reclaimAddress': 'took their address back',
  'auth.resendVerification': 'asked for a link to confirm an address',
  'auth.legacyHeader': 'came by X-User-Id',
  'account.updateProfile': 'changed their profile',
  'account.chooseUsername': 'chose a username',
  'account.changePassword': 'changed their password',
  'account.confirmPassword': 'confirmed that it is them',
  'account.sessions.revoke': 'ended one of their sessions',
  'account.sessions.revokeOthers': 'signed out everywhere else',
  'account.identities.add': 'added a sign-in method',
  'account.identities.unlink': 'unlinked a sign-in method',
  'account.identities.claimLegacyId': 'claimed the id that they had before',
  'alerts.read': 'read an alert',
  'alerts.readAll': 'read all alerts',
  'apiKeys.create': 'made an API key',
  'apiKeys.revoke': 'revoked one of their API keys',
  'apiKeys.revokeAny': 'revoked an API key of somebody',
  'apiKeys.createFor': 'made an API key for somebody',
  'channels.follow': 'followed a live channel',
  'conversations.create': 'began a conversation',
  'conversations.rename': 'renamed a conversation',
  'conversations.delete': 'deleted a conversation',
  'conversations.messages.append': 'wrote a message',
  'conversations.answer.ask': 'asked the assistant',
  'conversations.answer.stop': 'stopped an answer of the assistant',
  'conversations.answer': 'had an answer of the assistant',
  'database.export': 'exported the database',
  'database.import': 'imported the database',
  'drafts.create': 'began a draft',
  'drafts.append': 'added a segment',
  'drafts.passRing': 'passed the ring',
  'drafts.takeRing': 'took the ring back',
  'drafts.addCollaborator': 'added or invited a collaborator',
  'drafts.acceptInvitation': 'accepted an invitation to a draft',
  'drafts.withdrawInvitation': 'withdrew an invitation to a draft',
  'drafts.removeCollaborator': 'removed a collaborator',
  'drafts.leave': 'left a draft',
  'drafts.rename': 'renamed a draft',
  'drafts.close': 'closed a draft',
  'drifts.report': 'reported a drift',
  'drifts.approve': 'approved a drift',
  'drifts.reject': 'rejected a drift',
  'drifts.resolve': 'found a drift gone',
  'drifts.reveal': 'revealed a value of a drift',
  'auditLog.retention': 'deleted old records of this log',
  'people.changeRole': 'changed a role',
  'people.disable': 'disabled a person',
  'people.enable': 'enabled a person',
  'people.endSessions': 'signed a person out everywhere',
  'people.sessions.revoke': 'ended a session of a person',
  'people.seed': 'gave a demo person a password',
  'tasks.create': 'added a task',
  'tasks.update': 'changed a task',
  'tasks.complete': 'marked a task as done or open',
  'tasks.move': 'moved a task',
  'tasks.delete': 'deleted a task',
  'tasks.restore': 'restored a task',
}

const stolenWords = 'had a spent refresh token come back, so the session was ended'

/** Undefined where there are none. */
export const recordWords = ({ action, after }: Pick<AuditRecord, 'action' | 'after'>): string | undefined =>
  action === 'auth.refresh' && after?.reason === 'stolen' ? stolenWords : actionWords[action]

export const actionTitle = (action: string): string => {
  const words = actionWords[action]
  return words ? words.charAt(0).toUpperCase() + words.slice(1) : action
}

/** Of `noun:id`. */
export function targetParts(target: string): { noun: string; id: string } {
  const [noun = '', ...id] = target.split(':')
  return { noun, id: id.join(':') }
}

/** A noun as in targets, such as `apiKey`. */
export function withArticle(noun: string): string {
  const words = noun
    .replaceAll(/([a-z])([A-Z])/g, (_, end, begin) => `${end} ${begin.toLowerCase()}`)
    .replace('api key', 'API key')
  return `${/^[aeiou]/i.test(words) ? 'an' : 'a'} ${words}`
}

export function valueWords(value: unknown): string {
  if (value === undefined || value === null || value === '') return 'nothing'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
