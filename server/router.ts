import { accountRouter } from './features/account/router.ts'
import { alertsRouter } from './features/alerts/router.ts'
import { apiKeysRouter } from './features/api-keys/router.ts'
import { auditLogRouter } from './features/audit-log/router.ts'
import { authRouter } from './features/auth/router.ts'
import { channelsRouter } from './features/channels/router.ts'
import { conversationsRouter } from './features/conversations/router.ts'
import { draftsRouter } from './features/drafts/router.ts'
import { metricsRouter } from './features/drift-metrics/router.ts'
import { driftsRouter } from './features/drifts/router.ts'
import { groupsRouter } from './features/groups/router.ts'
import { mailsRouter } from './features/mails/router.ts'
import { peopleRouter } from './features/people/router.ts'
import { profilesRouter } from './features/profiles/router.ts'
import { searchProcedure } from './features/search/router.ts'
import { tasksRouter } from './features/tasks/router.ts'
import { router } from './trpc.ts'

export const appRouter = router({
  account: accountRouter,
  alerts: alertsRouter,
  apiKeys: apiKeysRouter,
  auditLog: auditLogRouter,
  auth: authRouter,
  channels: channelsRouter,
  conversations: conversationsRouter,
  drafts: draftsRouter,
  drifts: driftsRouter,
  groups: groupsRouter,
  mails: mailsRouter,
  metrics: metricsRouter,
  people: peopleRouter,
  profiles: profilesRouter,
  search: searchProcedure,
  tasks: tasksRouter,
})

export type AppRouter = typeof appRouter
