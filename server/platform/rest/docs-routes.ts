/**
 * What the REST door says of itself, for programs (`/api/openapi.json`) and for people (`/api/docs`, a page to try requests on).
 * Both are the same for everybody, need neither sign-in nor database, and are asked for again only when they have changed.
 */
import type { AnyRouter } from '@trpc/server'
import type { FastifyPluginAsync } from 'fastify'
import { docsHtml, docsScript, docsStyle } from './docs-page.ts'
import { isKnown, strongTag } from './etag.ts'
import { openApiOf } from './openapi.ts'

export const docsRoutes: FastifyPluginAsync<{ router: AnyRouter }> = async (app, { router }) => {
  const files = {
    '/api/openapi.json': { type: 'application/json; charset=utf-8', text: () => JSON.stringify(openApiOf(router)) },
    '/api/docs': { type: 'text/html; charset=utf-8', text: () => docsHtml },
    '/api/docs/page.js': { type: 'text/javascript; charset=utf-8', text: docsScript },
    '/api/docs/page.css': { type: 'text/css; charset=utf-8', text: () => docsStyle },
  }
  app.get('/api/docs/', (_request, reply) => reply.redirect('/api/docs', 308))
  for (const [path, { type, text }] of Object.entries(files)) {
    let made: { body: string; etag: string } | undefined
    app.get(path, async (request, reply) => {
      if (!made) {
        const body = text()
        made = { body, etag: strongTag(body) }
      }
      reply.headers({ 'cache-control': 'public, no-cache', etag: made.etag })
      if (isKnown(made.etag, request.headers['if-none-match'])) return reply.code(304).send()
      return reply.type(type).send(made.body)
    })
  }
}
