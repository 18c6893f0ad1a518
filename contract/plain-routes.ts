/** Paths that are no procedures: the state of the server, and the redirects of a browser's sign-in. */
import { type Api, check, expected } from './api.ts'

export async function browse(anonymous: Api, draftId: string): Promise<void> {
  check(expected(await anonymous.GET('/health')).status === 'healthy', 'the server is healthy')
  check((await anonymous.GET('/livez')).response.ok && (await anonymous.GET('/readyz')).response.ok, 'and ready')
  const redirect = 'manual'
  const start = await anonymous.GET('/auth/google', { params: { query: { returnTo: '/drafts' } }, redirect })
  check(start.response.status === 302, 'sign-in leads to the provider')
  const state = new URL(start.response.headers.get('location') ?? '').searchParams.get('state')
  const end = await anonymous.GET('/auth/google/callback', {
    params: { query: { code: 'x', state: `${state}` } },
    redirect,
  })
  const page = end.response.headers.get('location') ?? ''
  check(page.startsWith('/sign-in?error=SIGN_IN_EXPIRED'), 'an attempt is of the browser that began it')
  check((await anonymous.POST('/auth/logout')).response.status === 204, 'signing out without a session is fine')
  const plain = await anonymous.GET('/v1/ws/drafts/{draftId}', { params: { path: { draftId } } })
  check(plain.response.status === 404, 'a socket begins with an upgrade')
}
