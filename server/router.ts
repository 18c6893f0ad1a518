import { accountRouter } from './features/account/router.ts'
import { draftsRouter } from './features/drafts/router.ts'
import { router } from './trpc.ts'

export const appRouter = router({
  account: accountRouter,
  drafts: draftsRouter,
})

export type AppRouter = typeof appRouter
