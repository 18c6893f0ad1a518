/**
 * The words of each mail. What it is about, one thing to do, and what it means if it was not you. Subjects hold no values: a
 * subject is a header. Links are built from the public address of this server alone, never from a request.
 */
import { invitationLimits } from '../../../shared/invitations.ts'
import { goodForMinutes } from '../identity/one-time-tokens.ts'
import type { MailWords } from './mail-layout.ts'
import type { AdministrativeChange, MailTemplate, MailValues } from './mail-queue.ts'

export interface MailSurroundings {
  publicUrl: string
  /** When what the mail tells of happened. */
  at: Date
  /** For the templates that have a `tokenId`. */
  token: string
}

type Words<Template extends MailTemplate> = (values: MailValues[Template], around: MailSurroundings) => MailWords

/** A secret in a fragment stays in the browser: it is in no server's log and no Referer, and a scanner's GET does not spend it. */
const tokenLink = ({ publicUrl, token }: MailSurroundings, path: string) => `${publicUrl}${path}#token=${token}`

const account = ({ publicUrl }: MailSurroundings) => ({ label: 'Look at your account', url: `${publicUrl}/account` })

const notYou =
  'Was it not you? Then sign in, choose a new password, sign out the other devices and revoke API keys that you do not know on your account page. If you cannot sign in any more, choose "Forgot password?" on the sign-in page.'

export const mailTemplates: { [Template in MailTemplate]: Words<Template> } = {
  'verify-email': (_values, around) => ({
    subject: 'Confirm your e-mail address',
    before: [
      'Please confirm that this address is yours. Do it in the browser that you signed up in, or have your password at hand.',
    ],
    action: { label: 'Confirm address', url: tokenLink(around, '/verify-email') },
    after: [
      `The link works once, within ${goodForMinutes['verify-email'] / 60} hours.`,
      'Did you not sign up at Plinth? Then another user entered your address. Open the link and choose "I did not register" to take the account from them, or do nothing: the address does not count without your confirmation.',
    ],
  }),

  'reset-password': (_values, around) => ({
    subject: 'Choose a new password',
    before: ['Somebody, probably you, asked for a new password for your Plinth account.'],
    action: { label: 'Choose a new password', url: tokenLink(around, '/reset-password') },
    after: [
      `The link works once, within ${goodForMinutes['reset-password']} minutes of being asked for. Choosing a new password signs you out everywhere.`,
      'You did not ask for it? Then there is nothing to do: your password stays as it is, and only this mail has the link.',
    ],
  }),

  'already-registered': (_values, { publicUrl }) => ({
    subject: 'You have an account already',
    before: [
      'Somebody, probably you, tried to create a Plinth account with this address. It has one already, which is unchanged.',
    ],
    action: { label: 'Sign in', url: `${publicUrl}/sign-in` },
    after: [
      'If you do not know your password, choose "Forgot password?" there.',
      'You did not try to create an account? Then there is nothing to do.',
    ],
  }),

  // An intruder may have added one of the other methods. Not their addresses, because an intruder chose that of theirs.
  'password-changed': ({ others }, around) => ({
    subject: 'Your password was changed',
    before: [
      `The password of your Plinth account was changed on ${inWords(around.at)}.`,
      ...(others ? [`You can still sign in by this too: ${others}. Remove what you did not add.`] : []),
    ],
    action: others
      ? { label: 'Check your sign-in methods', url: `${around.publicUrl}/account/sign-in-methods` }
      : account(around),
    after: [notYou],
  }),

  'sign-in-method-added': ({ method }, around) => ({
    subject: 'A way to sign in was added',
    before: [`Since ${inWords(around.at)} you can sign in to your Plinth account by this too: ${method}.`],
    action: account(around),
    after: [`${notYou} Remove there also what was added.`],
  }),

  'sign-in-method-removed': ({ method }, around) => ({
    subject: 'A way to sign in was removed',
    before: [`Since ${inWords(around.at)} you can no longer sign in to your Plinth account by this: ${method}.`],
    action: account(around),
    after: [notYou],
  }),

  // Not what the key is called: an intruder would be writing to the person in our name.
  'api-key-created': ({ scopes }, around) => ({
    subject: 'An API key was made',
    before: [
      `On ${inWords(around.at)} an API key was made for your Plinth account. Whoever has it can do this in your name: ${scopes}.`,
    ],
    action: { label: 'Look at your API keys', url: `${around.publicUrl}/account/api-keys` },
    after: [`${notYou} Changing your password does not end a key; revoking it does, and so does "Forgot password?".`],
  }),

  'session-stolen': ({ device }, around) => ({
    subject: 'We signed one of your devices out',
    before: [
      `On ${inWords(around.at)} the sign-in of one of your devices (${device}) was used from two places, which happens when it is copied. We ended it in both.`,
    ],
    action: { label: 'Sign in again', url: `${around.publicUrl}/sign-in` },
    after: [
      'Then check the devices on your account page and choose a new password. Untrusted programs, such as browser extensions, are a common cause.',
    ],
  }),

  invitation: ({ by, noun, path }, { publicUrl }) => {
    const target = noun.replace(/^an? /, 'the ')
    return {
      subject: 'You are invited to Plinth',
      before: [
        `${by} invites you to take part in ${noun} at Plinth. Sign in or create an account with the address that this mail was sent to, and confirm the address. Then you find ${target} in your list.`,
      ],
      action: { label: `Open ${target}`, url: `${publicUrl}${path}` },
      after: [
        `The invitation is valid for ${invitationLimits.goodForDays} days.`,
        `Do you not know the sender? Then ignore this mail. If you already have an account, you can leave ${target}.`,
      ],
    }
  },

  'account-administered': (values, around) => {
    const { subject, toUser } = administrativeChanges[values.act]
    return {
      subject,
      before: [`${toUser(values)} by ${values.by} on ${inWords(around.at)}.`],
      action: account(around),
      after: ['You did not expect this? Then ask an administrator of this Plinth about it.'],
    }
  },

  'administrators-informed': (values, { publicUrl, at }) => {
    const { toAdministrators } = administrativeChanges[values.act]
    return {
      subject: 'An administrator changed an account',
      before: [`${toAdministrators(values)} by ${values.by} on ${inWords(at)}.`],
      action: {
        label: 'Look at the audit log',
        url: `${publicUrl}/admin/audit?${new URLSearchParams({ target: values.target })}`,
      },
      after: [
        'You get this mail because you are an administrator. If the change is right, there is nothing to do.',
        'Was it made in your name, and not by you? Then choose a new password and sign out the other devices on your account page. Is it another administrator’s, who knows nothing of it? Then sign them out everywhere. Undo the change on the page of people, and look in the audit log for what else was done.',
      ],
    }
  },
}

const administrativeChanges: Record<
  AdministrativeChange['act'],
  {
    subject: string
    toUser: (change: AdministrativeChange) => string
    toAdministrators: (change: AdministrativeChange & { person: string }) => string
  }
> = {
  'role-changed': {
    subject: 'Your role was changed',
    toUser: (change) => `Your role at Plinth was changed ${roleWords(change)}`,
    toAdministrators: (change) => `The role of ${change.person} was changed ${roleWords(change)}`,
  },
  disabled: {
    subject: 'Your account was disabled',
    toUser: () =>
      'Your Plinth account was disabled: you are signed out everywhere, your API keys are revoked, and you cannot sign in until it is enabled again. This was done',
    toAdministrators: ({ person }) => `The account of ${person} was disabled`,
  },
  enabled: {
    subject: 'Your account was enabled',
    toUser: () => 'Your Plinth account was enabled, so you can sign in again. This was done',
    toAdministrators: ({ person }) => `The account of ${person} was enabled`,
  },
  'signed-out': {
    subject: 'You were signed out everywhere',
    toUser: () => 'You were signed out of Plinth everywhere',
    toAdministrators: ({ person }) => `${person} was signed out everywhere`,
  },
  'device-signed-out': {
    subject: 'One of your devices was signed out',
    toUser: () => 'One of your devices was signed out of Plinth',
    toAdministrators: ({ person }) => `A device of ${person} was signed out`,
  },
  // Not what the key is called, as above.
  'api-key-revoked': {
    subject: 'An API key was revoked',
    toUser: () => 'One of your API keys was revoked',
    toAdministrators: ({ person }) => `An API key of ${person} was revoked`,
  },
}

const roleWords = (change: AdministrativeChange) =>
  change.act === 'role-changed' ? `from ${change.from} to ${change.to}` : ''

/** Such as `30 November 2026 at 18:05 (UTC)`. */
export const inWords = (at: Date) =>
  `${at.toLocaleString('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'long', year: 'numeric', hour: '2-digit', minute: '2-digit' })} (UTC)`
