/**
 * @fastify/oauth2 for one provider. It reads the endpoints once, when it is registered; ours are known after discovery, when
 * the server can no longer register plugins. So it has a Fastify instance of its own, without routes, which never listens.
 */
import type { FastifyOAuth2Options, OAuth2Namespace } from '@fastify/oauth2'
import Fastify from 'fastify'

/** Loads the plugin as well, at the first sign-in, so that the start does not need it (docs/decisions/021-starts.md). */
export async function registerOAuth(options: Omit<FastifyOAuth2Options, 'name'>): Promise<OAuth2Namespace> {
  const { default: oauth2 } = await import('@fastify/oauth2')
  const app = Fastify()
  await app.register(oauth2, { ...options, name: 'provider' })
  await app.ready()
  return app.getDecorator<OAuth2Namespace>('provider')
}
