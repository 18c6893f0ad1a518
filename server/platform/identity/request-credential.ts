/** The credential of one request, resolved once for all its users. A socket outlives its request and resolves again for each call. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { presentedSecrets, type Resolution, resolveCredential } from './credential.ts'

const resolutions = new WeakMap<FastifyRequest, Promise<Resolution>>()

/** @throws as `resolveCredential`, and AppError RATE_LIMITED where the network has looked up too many unknown secrets */
export function credentialOf(request: FastifyRequest, app: FastifyInstance): Promise<Resolution> {
  const resolution = resolutions.get(request) ?? resolve(request, app)
  resolutions.set(request, resolution)
  return resolution
}

function resolve(request: FastifyRequest, app: FastifyInstance): Promise<Resolution> {
  const look = () => resolveCredential(request, app)
  return hasUnseenSecret(request, app) ? app.secretLookups.run(request.ip, look) : look()
}

/** Whether resolving it may cost a statement although the secret is random text. */
export const hasUnseenSecret = ({ raw }: FastifyRequest, app: FastifyInstance): boolean =>
  presentedSecrets(raw, app).some((secret) => !app.sessions.hasSeen(secret))
