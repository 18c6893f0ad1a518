import { accountRouter } from './features/account/router.ts'
import { apiKeysRouter } from './features/api-keys/router.ts'
import { auditLogRouter } from './features/audit-log/router.ts'
import { authRouter } from './features/auth/router.ts'
import { channelsRouter } from './features/channels/router.ts'
import { draftsRouter } from './features/drafts/router.ts'
import { mailsRouter } from './features/mails/router.ts'
import { peopleRouter } from './features/people/router.ts'
import { router } from './trpc.ts'

export const appRouter = router({
  account: accountRouter,
  apiKeys: apiKeysRouter,
  auditLog: auditLogRouter,
  auth: authRouter,
  channels: channelsRouter,
  drafts: draftsRouter,
  mails: mailsRouter,
  people: peopleRouter,
})

export type AppRouter = typeof appRouter
