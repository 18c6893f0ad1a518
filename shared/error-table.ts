/**
 * The closed table of failures. The code is the contract, the message may change; every door answers from this table.
 * A message says what to do next, to the person who can do it, and never names a credential, a table or a host.
 * Apart from the schemas, so that a page can tell what went wrong without loading Zod.
 */
export const errorTable = {
  VALIDATION_ERROR: { status: 400, message: 'Some of what was sent is not valid. See the details for each field.' },
  UNAUTHENTICATED: { status: 401, message: 'Sign in to continue.' },
  INVALID_CREDENTIAL: { status: 401, message: 'The credential that was sent is not valid. Sign in again.' },
  SESSION_ENDED: { status: 401, message: 'Your session has ended. Sign in again to continue.' },
  SIGN_IN_CANCELLED: {
    status: 401,
    message: 'Sign-in was cancelled. Nothing has changed; try again when you are ready.',
  },
  SIGN_IN_EXPIRED: {
    status: 401,
    message: 'That sign-in took too long, was already used or began in another browser. Please start again.',
  },
  SIGN_IN_FAILED: { status: 401, message: 'Sign-in could not be completed. Please try again.' },
  FORBIDDEN: { status: 403, message: 'You are not allowed to do this.' },
  ACCOUNT_DISABLED: { status: 403, message: 'This account is disabled. Ask an administrator to enable it.' },
  ORIGIN_NOT_ALLOWED: {
    status: 403,
    message: 'Requests from this site are not allowed. An operator can allow it in CORS_ORIGINS.',
  },
  NOT_FOUND: { status: 404, message: 'There is nothing here, or it is not yours to see.' },
  METHOD_NOT_ALLOWED: { status: 405, message: 'This does not answer that method: queries use GET, mutations POST.' },
  REQUEST_TIMEOUT: { status: 408, message: 'The request took too long to arrive. Please try again.' },
  CONFLICT: { status: 409, message: 'Something else changed at the same time. Reload and try again.' },
  LAST_SIGN_IN_METHOD: {
    status: 409,
    message: 'This is your only way to sign in. Add another one before you remove it.',
  },
  RING_NOT_HELD: { status: 409, message: 'Somebody else holds the ring now. Ask them to pass it to you.' },
  DRAFT_CLOSED: { status: 409, message: 'This draft is closed and can only be read.' },
  DRAFT_FULL: { status: 422, message: 'This draft has reached its limit. Begin a new one to go on.' },
  NOT_DRAFT_OWNER: { status: 403, message: 'Only the owner of this draft can do that.' },
  NOT_A_COLLABORATOR: { status: 422, message: 'That person does not write in this draft. Add them first.' },
  PERSON_NOT_FOUND: {
    status: 422,
    message: 'Nobody here goes by that name or address. Check it, or ask them to sign in once.',
  },
  PAYLOAD_TOO_LARGE: { status: 413, message: 'That is more than can be sent at once. Send less, or in parts.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, message: 'Send the body as application/json.' },
  TOO_MANY_SUBSCRIPTIONS: {
    status: 429,
    message: 'This connection follows too many things at once. End some of them first.',
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
