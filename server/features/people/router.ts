import { z } from 'zod'
import { EndedSessions, Sessions } from '../../../shared/account.ts'
import { PageRequest } from '../../../shared/pages.ts'
import {
  ChangeRole,
  DemoSignIn,
  FindPerson,
  GetPerson,
  LegacyUses,
  ListPeople,
  ListPersonSessions,
  ManagedPeople,
  ManagedPerson,
  RevokePersonSession,
} from '../../../shared/people.ts'
import { can, canInPerson, operatorProcedure, recorded, router } from '../../trpc.ts'
import { listLegacyUses } from './legacy-report.ts'
import {
  changeRole,
  disablePerson,
  enablePerson,
  endSession,
  endSessions,
  findPerson,
  getPerson,
  listPeople,
  listPersonSessions,
  seedPeople,
} from './service.ts'

const manage = can('person:manage')
const manageInPerson = canInPerson('person:manage')
const change = manageInPerson.meta({ audit: { noun: 'person', id: 'personId' } })

export const peopleRouter = router({
  list: manage
    .meta({
      mcp: {
        description: 'People with an account, found by a part of their name, username or address, by role or by state',
      },
    })
    .input(ListPeople)
    .output(ManagedPeople)
    .query(({ ctx, input }) => listPeople(ctx.db, input)),
  get: manage
    .input(GetPerson)
    .output(ManagedPerson)
    .query(({ ctx, input }) => getPerson(ctx.db, input)),
  find: manage
    .input(FindPerson)
    .output(ManagedPerson.nullable())
    .query(({ ctx, input }) => findPerson(ctx.db, input)),
  legacyReport: manage
    .input(PageRequest.prefault({}))
    .output(LegacyUses)
    .query(({ ctx, input }) => listLegacyUses(ctx.db, input)),
  changeRole: change
    .input(ChangeRole)
    .use(recorded)
    .output(ManagedPerson)
    .mutation(({ ctx, input }) => changeRole(ctx.db, ctx.sessions, ctx.actor, input)),
  disable: change
    .input(GetPerson)
    .use(recorded)
    .output(ManagedPerson)
    .mutation(({ ctx, input }) => disablePerson(ctx.db, ctx.sessions, ctx.actor, input)),
  enable: change
    .input(GetPerson)
    .use(recorded)
    .output(ManagedPerson)
    .mutation(({ ctx, input }) => enablePerson(ctx.db, ctx.sessions, ctx.actor, input)),
  endSessions: change
    .input(GetPerson)
    .use(recorded)
    .output(EndedSessions)
    .mutation(({ ctx, input }) => endSessions(ctx.db, ctx.sessions, ctx.actor, input)),
  sessions: router({
    list: manage
      .input(ListPersonSessions)
      .output(Sessions)
      .query(({ ctx, input }) => listPersonSessions(ctx.db, ctx.actor, ctx.sessions, ctx.config, input)),
    revoke: manageInPerson
      .meta({ audit: { noun: 'session', id: 'sessionId' } })
      .input(RevokePersonSession)
      .use(recorded)
      .output(EndedSessions)
      .mutation(({ ctx, input }) => endSession(ctx.db, ctx.sessions, ctx.actor, input)),
  }),
  /** Demo people with new passwords, for development. */
  seed: operatorProcedure
    .meta({ audit: { noun: 'person', secret: true } })
    .use(recorded)
    .output(z.array(DemoSignIn))
    .mutation(({ ctx }) => seedPeople(ctx.db, ctx.config, ctx.passwordHashes, ctx.origin)),
})
