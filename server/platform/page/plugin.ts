/** The built web app. Every path that is no file and no door's is a page of the app, which does its own routing. */
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { isDoorPath, isFilePath } from '../../../shared/doors.ts'
import { packageFolder } from '../config/package-folder.ts'
import { answerNotFound } from '../errors/plugin.ts'

const pathOf = (request: FastifyRequest) => request.url.split('?', 1)[0] ?? '/'
/** A mistyped API path must answer as an API, not with a page. */
export const isDoor = (request: FastifyRequest) => isDoorPath(pathOf(request))
/** A file that is not there must not answer as a page: a browser would run it as a script, or keep it. */
const isFile = (request: FastifyRequest) => isFilePath(pathOf(request))

export const builtPage: FastifyPluginAsync = async (app) => {
  await app.register(fastifyStatic, {
    root: join(packageFolder, 'dist/web'),
    wildcard: false,
    preCompressed: true,
    setHeaders(reply, path) {
      // File names under assets/ hold a hash of their content; the page that names them is asked for each time, as is the service worker.
      reply.header('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache')
    },
  })
  app.get('/*', (request, reply) =>
    isDoor(request) || isFile(request) ? answerNotFound(request, reply) : reply.sendFile('index.html'),
  )
}
