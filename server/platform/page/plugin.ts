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

/** What a build may name a file. Nothing that leads out of the folder, hides a dot or is encoded comes near the disk. */
const builtName = /^(?:\/[\w-][\w.-]*)+$/

export const builtPage: FastifyPluginAsync = async (app) => {
  await app.register(fastifyStatic, {
    root: join(packageFolder, 'dist/web'),
    serve: false,
    preCompressed: true,
    setHeaders(reply, path) {
      // File names under assets/ hold a hash of their content; the page that names them is asked for each time, as is the service worker.
      reply.header('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache')
    },
  })
  // One route, whatever the number of files: a route for each took a tenth of the start, and on a slow machine all the time there is.
  app.get('/*', (request, reply) => {
    if (isDoor(request)) return answerNotFound(request, reply)
    if (!isFile(request)) return reply.sendFile('index.html')
    const path = pathOf(request)
    return builtName.test(path) ? reply.sendFile(path) : answerNotFound(request, reply)
  })
}
