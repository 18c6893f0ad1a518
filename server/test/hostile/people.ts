/** Who attacks: nobody, and people of each role, signed in as browsers and programs are. They lose their sessions by what they do, and come back. */

import { join } from 'node:path'
import { pino } from 'pino'
import type { Role } from '../../../shared/account.ts'
import { readConfig } from '../../platform/config/config.ts'
import { packageFolder } from '../../platform/config/package-folder.ts'
import { newId } from '../../platform/db/columns.ts'
import { openDatabase } from '../../platform/db/database.ts'
import { identities, users } from '../../platform/identity/table.ts'
import { type OpenIdProvider, publicUrl } from '../chaos/people.ts'
import { marks } from './dictionary.ts'

export const roleOf = { viewer: 'viewer', ann: 'user', bob: 'user', engineer: 'engineer', admin: 'admin' } as const
export type Name = keyof typeof roleOf
export const names = Object.keys(roleOf) as Name[]

export const emailOf = (name: string) => `${name}@example.org`

/** Known before the server first starts, for nobody becomes an administrator through a door. Ids by name. */
export async function makePeople(
  environment: Record<string, string>,
  people: Record<string, Role>,
): Promise<Record<string, string>> {
  const config = readConfig(environment)
  const database = await openDatabase(config.database, pino({ level: 'silent' }))
  try {
    await database.migrate(join(packageFolder, 'migrations'), new AbortController().signal)
    const ids = Object.fromEntries(Object.keys(people).map((name) => [name, newId()]))
    for (const [name, role] of Object.entries(people)) {
      const id = ids[name] as string
      const email = emailOf(name)
      await database.db.insert(users).values({ id, displayName: name, email, emailVerified: true, role })
      await database.db.insert(identities).values({ userId: id, provider: 'google', subject: `sub-${name}`, email })
    }
    return ids
  } finally {
    await database.close()
  }
}

export interface Credentials {
  /** Of a browser, without `Origin`. */
  cookie: string
  /** Of its page, where AUTH_SESSION_MODE is `jwt`. */
  bearer: string | null
}

/** As a browser does, through the played provider. @throws when it does not lead to a session */
export async function signIn(url: string, provider: OpenIdProvider, name: string): Promise<Credentials> {
  const begun = await fetch(`${url}/auth/google`, { redirect: 'manual' })
  const location = begun.headers.get('location')
  if (!location) throw new Error(`sign-in of ${name} did not begin: ${begun.status} ${await begun.text()}`)
  const asked = new URL(location)
  const claims = { sub: `sub-${name}`, email: emailOf(name), email_verified: true, name }
  const query = new URLSearchParams({
    code: provider.grant(asked, claims),
    state: asked.searchParams.get('state') ?? '',
  })
  const done = await fetch(`${url}/auth/google/callback?${query}`, {
    redirect: 'manual',
    headers: { cookie: cookiesOf(begun) },
  })
  const landing = done.headers.get('location') ?? ''
  if (landing.startsWith('/sign-in')) throw new Error(`${name} could not sign in: ${landing}`)
  const [, code] = /#code=([^#]+)/.exec(landing) ?? []
  if (!code) return { cookie: cookiesOf(done), bearer: null }
  const exchanged = await fetch(`${url}/trpc/auth.exchange`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie: cookiesOf(done), origin: publicUrl },
    body: JSON.stringify({ code }),
  })
  const { result } = (await exchanged.json()) as { result: { data: { accessToken: string } } }
  return { cookie: cookiesOf(exchanged), bearer: result.data.accessToken }
}

const cookiesOf = (answer: Response) =>
  answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0] as string)
    .filter((pair) => !pair.endsWith('='))
    .join('; ')

export const headersOf = ({ cookie, bearer }: Credentials): Record<string, string> => ({
  cookie,
  origin: publicUrl,
  ...(bearer && { authorization: `Bearer ${bearer}` }),
})

/** One of them, with what they hold now. */
export class Attacker {
  readonly name: Name
  readonly role: Role
  credentials: Credentials
  readonly apiKey: string
  readonly #signIn: () => Promise<Credentials>
  #coming: Promise<void> | null = null
  /** How often they had to sign in again. */
  returns = 0

  constructor(name: Name, credentials: Credentials, apiKey: string, again: () => Promise<Credentials>) {
    this.apiKey = apiKey
    this.name = name
    this.role = roleOf[name]
    this.credentials = credentials
    this.#signIn = again
  }

  /** At most once at a time; who is not let in comes again later. */
  comeBack(): Promise<void> {
    this.#coming ??= this.#signIn()
      .then((credentials) => {
        this.credentials = credentials
        this.returns++
      })
      .catch(() => {})
      .finally(() => {
        this.#coming = null
      })
    return this.#coming
  }
}

/** Of nobody, and not to be repeated. */
export const forgedToken = `eyJhbGciOiJIUzI1NiJ9.${marks.secret}.x`
