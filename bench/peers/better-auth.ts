/**
 * Better Auth's own `get-session` with its adapter for node-postgres, on Node's server alone, in tables of its own that its migrations
 * make. As many people as `sessions` says have signed up, and so are signed in. `cached`: with the cookie cache of its documentation.
 */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { openPool, tellPort } from './me.ts'

const [sessions, cookieCache] = [Number(process.argv[3]), process.argv[4] === 'cached']
const auth = betterAuth({
  baseURL: 'http://127.0.0.1',
  secret: randomBytes(32).toString('hex'),
  database: openPool(),
  emailAndPassword: { enabled: true },
  // Saves a statement, as its documentation says.
  advanced: { database: { joins: true } },
  // Longer than a run.
  session: { cookieCache: { enabled: cookieCache, maxAge: 3600 } },
  rateLimit: { enabled: false },
  logger: { disabled: true },
  telemetry: { enabled: false },
})
await (await getMigrations(auth.options)).runMigrations()

const cookies: string[] = []
for (let n = 0; n < sessions; n++) {
  const body = {
    name: `Person ${n}`,
    email: `${process.pid}-${n}@example.org`,
    password: randomBytes(16).toString('hex'),
  }
  const answer = await auth.api.signUpEmail({ body, asResponse: true })
  cookies.push(
    answer.headers
      .getSetCookie()
      .map((cookie) => cookie.split(';', 1)[0])
      .join('; '),
  )
}
const server = createServer(toNodeHandler(auth)).listen(0, '127.0.0.1', () =>
  tellPort(server.address() as AddressInfo, { cookies }),
)
