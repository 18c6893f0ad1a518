/**
 * The closed table of failures. The code is the contract, the message may change; every door answers from this table.
 * A message says what to do next, to the person who can do it, and never names a credential, a table or a host.
 * Apart from the schemas, so that a page can tell what went wrong without loading Zod.
 */
export const errorTable = {
  VALIDATION_ERROR: { status: 400, message: 'Some of what was sent is not valid. See the details for each field.' },
  UNAUTHENTICATED: { status: 401, message: 'Sign in to continue.' },
  ACCESS_TOKEN_MISSING: {
    status: 401,
    message: 'Your sign-in has to be renewed first, which the app does by itself. Reload the page if it does not.',
  },
  INVALID_CREDENTIAL: { status: 401, message: 'The credential that was sent is not valid. Sign in again.' },
  API_KEY_INVALID: {
    status: 401,
    message:
      'This API key is not valid: it was revoked, has expired, or is not whole. Make another one on your account page.',
  },
  SESSION_ENDED: { status: 401, message: 'Your session has ended. Sign in again to continue.' },
  WRONG_CREDENTIALS: {
    status: 401,
    message: 'That address and password do not go together. Check both, or set a new password.',
  },
  REFRESH_REUSED: {
    status: 401,
    message: 'This sign-in was used from somewhere else too, so it was ended for safety. Sign in again.',
  },
  PERSON_CHANGED: {
    status: 401,
    message: 'Somebody else has signed in in this browser since, so nothing was done. Sign in as yourself to continue.',
  },
  SIGN_IN_CANCELLED: {
    status: 401,
    message: 'Sign-in was cancelled. Nothing has changed; try again when you are ready.',
  },
  SIGN_IN_EXPIRED: {
    status: 401,
    message: 'That sign-in took too long, was already used or began in another browser. Please start again.',
  },
  SIGN_IN_FAILED: { status: 401, message: 'Sign-in could not be completed. Please try again.' },
  REAUTHENTICATION_REQUIRED: {
    status: 403,
    message: 'Confirm that it is you first: sign in again, or enter your password.',
  },
  FORBIDDEN: { status: 403, message: 'You are not allowed to do this.' },
  SCOPE_MISSING: {
    status: 403,
    message: 'This API key may not do this. Make one with the scope that it needs, on your account page.',
  },
  API_KEY_REFUSED: { status: 403, message: 'No API key may do this, whatever its scopes. Sign in to do it yourself.' },
  PROOF_NEEDED: {
    status: 403,
    message:
      'Confirm your e-mail address first: the link is in the mail that you were sent, and your account page sends it again.',
  },
  ACCOUNT_DISABLED: { status: 403, message: 'This account is disabled. Ask an administrator to enable it.' },
  SIGN_IN_METHOD_NOT_ADDED: {
    status: 403,
    message:
      'An account has this address, but not this sign-in method. Sign in with the method that you used before, or set a new password, then add this one under Account, Sign-in methods.',
  },
  ORIGIN_NOT_ALLOWED: {
    status: 403,
    message: 'Requests from this site are not allowed. An operator can allow it in CORS_ORIGINS.',
  },
  NOT_FOUND: { status: 404, message: 'There is nothing here, or it is not yours to see.' },
  METHOD_NOT_ALLOWED: {
    status: 405,
    message: 'This path does not accept that method. Use one that its documentation names.',
  },
  HOST_NOT_ALLOWED: {
    status: 421,
    message: 'This server does not answer for that host name. An operator can allow it in ALLOWED_HOSTS.',
  },
  REQUEST_TIMEOUT: { status: 408, message: 'The request took too long to arrive. Please try again.' },
  CONFLICT: { status: 409, message: 'Something else changed at the same time. Reload and try again.' },
  EMAIL_ALREADY_EXISTS: {
    status: 409,
    message: 'There is an account with this address. Sign in, or set a new password for it.',
  },
  USERNAME_TAKEN: { status: 409, message: 'Somebody else has this username. Choose another one.' },
  SIGN_IN_METHOD_TAKEN: {
    status: 409,
    message: 'Another account has this sign-in method. Sign in with it and unlink it there, or use another one here.',
  },
  SIGN_IN_METHOD_LIMIT_REACHED: {
    status: 422,
    message: 'This account has reached the limit of sign-in methods. Remove one that you do not use.',
  },
  LAST_SIGN_IN_METHOD: {
    status: 409,
    message: 'This is your only way to sign in. Add another one before you remove it.',
  },
  LAST_ADMINISTRATOR: {
    status: 409,
    message: 'This is the last administrator. Make another user an administrator first.',
  },
  RING_NOT_HELD: { status: 409, message: 'Somebody else holds the ring now. Ask them to pass it to you.' },
  DRAFT_CLOSED: { status: 409, message: 'This draft is closed and can only be read.' },
  DRAFT_FULL: { status: 422, message: 'This draft has reached its limit. Begin a new one to go on.' },
  NOT_DRAFT_OWNER: { status: 403, message: 'Only the owner of this draft can do that.' },
  OWNER_CANNOT_LEAVE: { status: 409, message: 'You own this draft, so you cannot leave it. You can close it.' },
  USER_LEFT_DRAFT: {
    status: 409,
    message: 'This user has left the draft, and can be added again 30 days after that. Choose another user.',
  },
  NOT_A_COLLABORATOR: { status: 422, message: 'That person does not write in this draft. Add them first.' },
  COLLABORATOR_CANNOT_WRITE: {
    status: 422,
    message: 'That user can read this draft, not write in it. Pass the ring to another collaborator.',
  },
  PERSON_NOT_FOUND: {
    status: 422,
    message: 'No account here has that username or id. Check the spelling, or invite an e-mail address.',
  },
  INVITATION_LIMIT_REACHED: {
    status: 422,
    message: 'You have reached the limit of open invitations. Withdraw some that you do not need.',
  },
  GROUP_CODE_REFUSED: {
    status: 422,
    message: 'No group can be joined with this code. Check it, or ask a member for a new code or an invitation.',
  },
  GROUP_FULL: {
    status: 409,
    message: 'This group has as many members as it may have. Raise its limit, or remove members first.',
  },
  GROUP_LIST_FULL: { status: 422, message: 'You have reached the limit of groups. Leave one that you do not need.' },
  GROUP_PERMISSION_MISSING: {
    status: 403,
    message: 'Your role in this group does not allow this. Ask an admin of the group.',
  },
  LAST_GROUP_ADMIN: {
    status: 409,
    message: 'This is the last admin of the group. Make another member an admin first.',
  },
  NOT_A_MEMBER: { status: 422, message: 'That user is not a member of this group. Reload to see its members.' },
  ALREADY_MEMBER: { status: 409, message: 'That user is already a member of this group. Choose another user.' },
  USER_BANNED: { status: 409, message: 'That user is banned from this group. Lift the ban first.' },
  TASK_LIST_FULL: { status: 422, message: 'Your list has reached its limit. Delete tasks that you do not need.' },
  CONVERSATION_FULL: { status: 422, message: 'This conversation has reached its limit. Begin a new one to go on.' },
  CONVERSATION_LIST_FULL: {
    status: 422,
    message: 'You have as many conversations as can be kept. Delete some that you do not need.',
  },
  ASSISTANT_OFF: {
    status: 422,
    message: 'No assistant is set up here. An operator can set one up with ASSISTANT_URL.',
  },
  ANSWERED_BY_ASSISTANT: {
    status: 422,
    message: 'The assistant writes the answers here: send your message as the user, and ask it.',
  },
  ANSWER_UNDER_WAY: { status: 409, message: 'The assistant is answering already. Wait for it, or stop it.' },
  TOO_MANY_ANSWERS: {
    status: 429,
    message: 'As many answers as you may have at once are being written. Wait for one of them, or stop it.',
  },
  NOTHING_TO_ANSWER: { status: 422, message: 'The last word is the assistant’s. Write something first.' },
  ALREADY_DECIDED: { status: 409, message: 'Somebody has decided on this drift already. Reload to see how.' },
  NOT_DECIDED: {
    status: 409,
    message: 'This drift is neither approved nor rejected, so there is no decision to take back. Reload to see it.',
  },
  NOT_UNDOABLE: {
    status: 409,
    message: 'Only your own decision of the last minute can be undone. Reopen the drift with a reason instead.',
  },
  NOTHING_DRIFTED: {
    status: 422,
    message: 'What is expected and what is there are the same, so this is no drift. Report only what differs.',
  },
  LEGACY_ID_NOT_VOUCHED: {
    status: 422,
    message: 'Nothing vouches for this id of yours. Open this page through the product that you had it in.',
  },
  LEGACY_ID_CLAIMED: {
    status: 409,
    message: 'Somebody who signs in by other means has this id. Sign in as them.',
  },
  ADDRESS_NOT_CONFIRMED: {
    status: 403,
    message: 'Confirm your e-mail address first, or sign in with Google.',
  },
  ACCOUNT_NOT_PROVEN: {
    status: 403,
    message:
      'Enter the password of this account, or confirm where you are signed in to it. If you did not register it, take the address back.',
  },
  ONE_TIME_TOKEN_INVALID: {
    status: 422,
    message: 'This link was already used or is too old. Ask for a new one.',
  },
  API_KEY_LIMIT_REACHED: {
    status: 422,
    message: 'That is as many API keys as one person may have. Revoke one that is not used any more.',
  },
  IDEMPOTENCY_MISMATCH: {
    status: 422,
    message: 'This idempotency key was used for something else. Use a new key for a new request.',
  },
  PAYLOAD_TOO_LARGE: { status: 413, message: 'That is more than can be sent at once. Send less, or in parts.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, message: 'Send the body as application/json.' },
  RATE_LIMITED: { status: 429, message: 'That was too often. Wait a moment before you try again.' },
  TOO_MANY_ATTEMPTS: {
    status: 429,
    message: 'That did not work too many times. Wait some minutes, or set a new password.',
  },
  TOO_MANY_INVITATIONS: {
    status: 429,
    message: 'Too many invitations were sent. Wait some minutes before you send another one.',
  },
  TOO_MANY_JOINS: {
    status: 429,
    message: 'Too many access codes were tried. Wait some minutes before you try again.',
  },
  TOO_MANY_SUBSCRIPTIONS: {
    status: 429,
    message: 'This connection follows too many things at once. End some of them first.',
  },
  TOO_MANY_CONNECTIONS: {
    status: 429,
    message: 'Too many live connections are open from here. Close other windows, or wait a moment.',
  },
  INTERNAL_ERROR: {
    status: 500,
    message: 'Something went wrong on our side. Try again; if it stays, report the request id.',
  },
  PROVIDER_UNAVAILABLE: { status: 503, message: 'The sign-in provider does not answer. Please try again in a minute.' },
  DATABASE_UNAVAILABLE: {
    status: 503,
    message: 'Plinth cannot reach its database right now. Please try again shortly.',
  },
  SERVER_BUSY: { status: 503, message: 'Plinth is busier than it can serve. Please try again shortly.' },
} as const satisfies Record<string, { status: number; message: string }>
