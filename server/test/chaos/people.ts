/** People who sign in as a browser does, through a played OpenID provider. */
import type { startOpenIdProvider } from '../openid-provider.ts'

/** The origin that the servers take for their own; nobody is there. */
export const publicUrl = 'http://localhost:8000'

export interface Person {
  id: string
  /** Of every request. */
  headers: { cookie: string; origin: string }
}

export type OpenIdProvider = Awaited<ReturnType<typeof startOpenIdProvider>>

export async function signIn(url: string, provider: OpenIdProvider, name: string): Promise<Person> {
  const begun = await fetch(`${url}/auth/google`, { redirect: 'manual' })
  const asked = new URL(begun.headers.get('location') ?? '')
  const claims = { sub: `sub-${name}`, email: `${name}@example.org`, email_verified: true, name }
  const query = new URLSearchParams({
    code: provider.grant(asked, claims),
    state: asked.searchParams.get('state') ?? '',
  })
  const done = await fetch(`${url}/auth/google/callback?${query}`, {
    redirect: 'manual',
    headers: { cookie: cookiesOf(begun) },
  })
  const headers = { cookie: cookiesOf(done), origin: publicUrl }
  const me = await fetch(`${url}/me`, { headers })
  if (!me.ok) throw new Error(`${name} could not sign in: ${done.headers.get('location')}, then ${me.status}`)
  return { id: ((await me.json()) as { id: string }).id, headers }
}

const cookiesOf = (answer: Response) =>
  answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')
