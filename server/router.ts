import { accountRouter } from './features/account/router.ts'
import { router } from './trpc.ts'

export const appRouter = router({
  account: accountRouter,
})

export type AppRouter = typeof appRouter
