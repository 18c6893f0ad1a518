/** The built web app. Every path that is no file and no door's is a page of the app, which does its own routing. */
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { packageFolder } from '../config/package-folder.ts'
import { answerNotFound } from '../errors/plugin.ts'

/** What belongs to doors, there or not: a mistyped API path must answer as an API, not with a page. */
const doors = /^\/(api|auth|dev|docs|health|livez|mcp|me|metrics|readyz|trpc|v1)(\/|$)/

export const wantsPage = (request: FastifyRequest) => {
  const path = request.url.split('?', 1)[0] ?? '/'
  return !doors.test(path) && !/\.[a-z0-9]+$/i.test(path)
}

export const builtPage: FastifyPluginAsync = async (app) => {
  await app.register(fastifyStatic, {
    root: join(packageFolder, 'dist/web'),
    wildcard: false,
    setHeaders(reply, path) {
      // File names under assets/ hold a hash of their content; the page that names them is asked for each time.
      reply.header('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache')
    },
  })
  app.get('/*', (request, reply) =>
    wantsPage(request) ? reply.sendFile('index.html') : answerNotFound(request, reply),
  )
}
