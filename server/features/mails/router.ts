import { MailQueue } from '../../../shared/mails.ts'
import { operatorProcedure, router } from '../../trpc.ts'
import { readMailQueue } from './service.ts'

export const mailsRouter = router({
  queue: operatorProcedure.output(MailQueue).query(({ ctx }) => readMailQueue(ctx.db)),
})
