import { z } from 'zod'
import {
  ClaimedLegacyId,
  ClaimLegacyId,
  EndedSessions,
  Identities,
  Person,
  RevokeSession,
  Sessions,
  SignInMethods,
  StartedAdding,
  UnlinkIdentity,
} from '../../../shared/account.ts'
import { ChangePassword, ConfirmPassword } from '../../../shared/auth.ts'
import { PageRequest } from '../../../shared/pages.ts'
import { Profile, UpdateProfile } from '../../../shared/profiles.ts'
import {
  authedProcedure,
  claimingProcedure,
  publicProcedure,
  recorded,
  router,
  userOrKeyProcedure,
  visitorProcedure,
} from '../../trpc.ts'
import { claimLegacyId } from './legacy-claim.ts'
import { changePassword, confirmPassword } from './password.ts'
import { getProfile, updateProfile } from './profile.ts'
import {
  followSessionEnd,
  getMe,
  listIdentities,
  listSessions,
  listSignInMethods,
  revokeOtherSessions,
  revokeSession,
  unlinkIdentity,
} from './service.ts'

const profilePath = '/api/v1/users/profile'

export const accountRouter = router({
  me: userOrKeyProcedure
    .meta({
      rest: { method: 'GET', path: '/me', summary: 'Who you are' },
      mcp: { description: 'The user as whom you act, with their role' },
    })
    .output(Person)
    .query(({ ctx }) => getMe(ctx.profiles, ctx.actor)),

  /** As `me`, but null for anonymous callers, since browsers log each response with status 401 as an error. */
  current: visitorProcedure.output(Person.nullable()).query(({ ctx }) => ctx.actor && getMe(ctx.profiles, ctx.actor)),

  methods: publicProcedure.output(SignInMethods).query(({ ctx }) => listSignInMethods(ctx.config)),

  profile: authedProcedure
    .meta({ rest: { method: 'GET', path: profilePath, summary: 'Your profile with its settings' } })
    .output(Profile)
    .query(({ ctx }) => getProfile(ctx.profiles, ctx.actor)),

  updateProfile: authedProcedure
    .meta({
      audit: { noun: 'person' },
      rest: {
        method: 'PUT',
        path: profilePath,
        summary: 'Change your profile; what you leave out stays',
        errors: ['USERNAME_TAKEN'],
      },
    })
    .input(UpdateProfile)
    .use(recorded)
    .output(Profile)
    .mutation(({ ctx, input }) => updateProfile(ctx.db, ctx.actor, ctx.sessions, input)),

  changePassword: authedProcedure
    .meta({ audit: { noun: 'person', secret: true } })
    .input(ChangePassword)
    .use(recorded)
    .output(EndedSessions)
    .mutation(({ ctx, input }) => changePassword(ctx, input)),

  confirmPassword: authedProcedure
    .meta({ audit: { noun: 'person', secret: true } })
    .input(ConfirmPassword)
    .use(recorded)
    .output(z.void())
    .mutation(({ ctx, input }) => confirmPassword(ctx, input)),

  sessions: router({
    list: authedProcedure
      .input(PageRequest.prefault({}))
      .output(Sessions)
      .query(({ ctx, input }) => listSessions(ctx.db, ctx.actor, ctx.sessions, ctx.config, input)),
    revoke: authedProcedure
      .meta({ audit: { noun: 'session', id: 'sessionId' } })
      .input(RevokeSession)
      .use(recorded)
      .output(EndedSessions)
      .mutation(({ ctx, input }) => revokeSession(ctx.db, ctx.actor, ctx.sessions, input)),
    revokeOthers: authedProcedure
      .meta({ audit: { noun: 'person' } })
      .use(recorded)
      .output(EndedSessions)
      .mutation(({ ctx }) => revokeOtherSessions(ctx.db, ctx.actor, ctx.sessions)),
  }),

  identities: router({
    list: authedProcedure
      .input(PageRequest.prefault({}))
      .output(Identities)
      .query(({ ctx, input }) => listIdentities(ctx.db, ctx.actor, input)),
    /** A mutation, because it sets a cookie. It changes no row: the audit record is written by the callback of the provider. */
    startAdding: authedProcedure
      .meta({ hint: true })
      .output(StartedAdding)
      .mutation(({ ctx }) => ctx.startAdding(ctx.actor)),
    /** What the person did by the id becomes theirs; alone, it opens nothing any more. */
    claimLegacyId: claimingProcedure
      .meta({ audit: { noun: 'legacy', id: 'legacyId' } })
      .input(ClaimLegacyId)
      .use(recorded)
      .output(ClaimedLegacyId)
      .mutation(({ ctx, input }) => claimLegacyId(ctx.db, ctx.actor, ctx.sessions, input, ctx.vouchedLegacyId)),
    unlink: authedProcedure
      .meta({ audit: { noun: 'identity', id: 'identityId' } })
      .input(UnlinkIdentity)
      .use(recorded)
      .output(z.void())
      .mutation(({ ctx, input }) => unlinkIdentity(ctx.db, ctx.actor, ctx.sessions, input)),
  }),

  /** Tells an open page that its session is over; the socket is closed right after. */
  onSessionEnded: authedProcedure.subscription(({ ctx, signal }) => followSessionEnd(ctx.actor, ctx.sessions, signal)),
})
