/** Writes down what the assistant answers, where there is one. Registered after the database, so it ends before that does. */
import fp from 'fastify-plugin'
import { AnswerBudget } from './answer-budget.ts'
import { type AnswerTimes, AnswerWriter } from './answer-writer.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Null where no assistant is set up. */
    answerWriter: AnswerWriter | null
  }
}

export const answersPlugin = fp<{ times?: Partial<AnswerTimes> | undefined }>(
  async (app, { times }) => {
    const { config, database, log } = app
    const { assistant } = config
    const writer =
      assistant && new AnswerWriter(database.db, assistant, new AnswerBudget(config, assistant.limits), log, times)
    app.decorate('answerWriter', writer)
    app.addHook('onClose', async () => writer?.close())
  },
  { name: 'plinth-answers', dependencies: ['plinth-config', 'plinth-errors', 'plinth-database'], fastify: '5.x' },
)
