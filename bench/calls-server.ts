/** One of the three servers that answer the same calls. Tells its parent the port; `probe.ts` tells what it has used. */
import type { AddressInfo } from 'node:net'
import { initTRPC } from '@trpc/server'
import { fastifyTRPCPlugin } from '@trpc/server/adapters/fastify'
import Fastify, { type FastifyInstance } from 'fastify'
import { adapterHandler } from '../server/platform/trpc/adapter-handler.ts'
import { leanHandler } from '../server/platform/trpc/lean-handler.ts'

const profile = { id: '0192f0c1-7c3a-7000-8000-0123456789ab', name: 'x'.repeat(240) }

const t = initTRPC.create()
const router = t.router({
  profile: t.procedure.query(() => profile),
  // As little as tRPC can do with an input: the bare route checks none.
  echo: t.procedure.input((input: unknown) => input).mutation(({ input }) => input),
})
const createContext = () => ({})

const servers: Record<string, (app: FastifyInstance) => void> = {
  bare(app) {
    app.get('/trpc/profile', () => ({ result: { data: profile } }))
    app.post('/trpc/echo', ({ body }) => ({ result: { data: body } }))
  },
  adapter(app) {
    app.register(fastifyTRPCPlugin, { prefix: '/trpc', trpcOptions: { router, createContext } })
  },
  lean(app) {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body))
    const calls = { router, createContext, maxBatchSize: 20, onError() {}, headersOf: () => ({}) }
    const answer = leanHandler(calls, adapterHandler(calls))
    app.all('/trpc/*', (request, reply) => answer(request, reply, (request.params as { '*': string })['*']))
  },
}

process.once('disconnect', () => process.exit())
const app = Fastify()
servers[process.argv[2] ?? '']?.(app)
await app.listen({ port: 0, host: '127.0.0.1' })
process.send?.({ port: (app.server.address() as AddressInfo).port })
