import { z } from 'zod'
import {
  EndedSessions,
  Identities,
  Person,
  RevokeSession,
  Sessions,
  SignInMethods,
  UnlinkIdentity,
  UpdateProfile,
} from '../../../shared/account.ts'
import { PageRequest } from '../../../shared/pages.ts'
import { authedProcedure, publicProcedure, router } from '../../trpc.ts'
import {
  followSessionEnd,
  getMe,
  listIdentities,
  listSessions,
  listSignInMethods,
  revokeOtherSessions,
  revokeSession,
  unlinkIdentity,
  updateProfile,
} from './service.ts'

export const accountRouter = router({
  me: authedProcedure.output(Person).query(({ ctx }) => getMe(ctx.db, ctx.actor)),

  methods: publicProcedure.output(SignInMethods).query(({ ctx }) => ({ methods: listSignInMethods(ctx.config) })),

  updateProfile: authedProcedure
    .input(UpdateProfile)
    .output(Person)
    .mutation(({ ctx, input }) => updateProfile(ctx.db, ctx.actor, input)),

  sessions: router({
    list: authedProcedure
      .input(PageRequest.prefault({}))
      .output(Sessions)
      .query(({ ctx, input }) => listSessions(ctx.db, ctx.actor, ctx.sessions, ctx.config, input)),
    revoke: authedProcedure
      .input(RevokeSession)
      .output(EndedSessions)
      .mutation(({ ctx, input }) => revokeSession(ctx.db, ctx.actor, ctx.sessions, input)),
    revokeOthers: authedProcedure
      .output(EndedSessions)
      .mutation(({ ctx }) => revokeOtherSessions(ctx.db, ctx.actor, ctx.sessions)),
  }),

  identities: router({
    list: authedProcedure
      .input(PageRequest.prefault({}))
      .output(Identities)
      .query(({ ctx, input }) => listIdentities(ctx.db, ctx.actor, input)),
    unlink: authedProcedure
      .input(UnlinkIdentity)
      .output(z.void())
      .mutation(({ ctx, input }) => unlinkIdentity(ctx.db, ctx.actor, input)),
  }),

  /** Tells an open page that its session is over; the socket is closed right after. */
  onSessionEnded: authedProcedure.subscription(({ ctx, signal }) => followSessionEnd(ctx.actor, ctx.sessions, signal)),
})
