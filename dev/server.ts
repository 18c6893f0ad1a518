/** The Plinth server as `npm run dev` runs it: with pages from Vite, which `process.argv[2]` names, and demo people. */
import httpProxy from '@fastify/http-proxy'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { start } from '../server/main.ts'
import { answerNotFound } from '../server/platform/errors/plugin.ts'
import { seedDemoSignIns } from '../server/platform/identity/demo-people.ts'
import { isDoor } from '../server/platform/page/plugin.ts'

const startingPage =
  '<!doctype html><meta http-equiv="refresh" content="1"><title>Plinth</title><p>Plinth is starting.</p>'

const vitePage: FastifyPluginAsync = async (app) => {
  const vite = process.argv[2]
  if (!vite) throw new Error('dev/server.ts needs the address of Vite')
  await app.register(httpProxy, {
    upstream: vite,
    httpMethods: ['GET', 'HEAD'],
    // A page consists of hundreds of files here, and each would be three lines.
    logLevel: 'error',
    replyOptions: {
      // Vite listens a moment after the server.
      onError: (reply) => void reply.code(503).header('retry-after', '1').type('text/html').send(startingPage),
    },
    preHandler(request, reply, next) {
      if (isDoor(request)) return void answerNotFound(request, reply)
      // Vite puts an inline script into the page and opens a socket to its own port.
      reply.header(
        'content-security-policy',
        `default-src 'self' 'unsafe-inline' data: https: ws://localhost:${new URL(vite).port}`,
      )
      next()
    },
  })
  const listening = new Promise<void>((resolve) => app.addHook('onListen', async () => resolve()))
  void Promise.all([listening, app.database.whenMigrated.then(() => seed(app))]).then(() => process.send?.('ready'))
}

/** Prints at the start who may sign in: `PLINTH_DEMO_PASSWORDS` has the passwords by address. */
async function seed({ database, config, passwordHashes, log }: FastifyInstance): Promise<void> {
  const passwords = process.env.PLINTH_DEMO_PASSWORDS
  if (!passwords) return
  try {
    await seedDemoSignIns(database.db, config, passwordHashes, JSON.parse(passwords))
  } catch (err) {
    log.error({ err }, 'demo people not made')
  }
}

// Without its parent nobody can stop it from the terminal, and it would keep the port and the database folder.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
await start(process.env, vitePage)
