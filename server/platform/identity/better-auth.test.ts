/** A real Better Auth server, and what Plinth makes of its tokens. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Auth, betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { toNodeHandler } from 'better-auth/node'
import { jwt } from 'better-auth/plugins'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'

const server = createServer()
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
afterAll(() => server.close())
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const auth = betterAuth({
  baseURL: url,
  secret: 'a secret of the other server, which Plinth does not know',
  database: memoryAdapter({ user: [], session: [], account: [], verification: [], jwks: [] }),
  emailAndPassword: { enabled: true },
  plugins: [jwt()],
  telemetry: { enabled: false },
})
server.on('request', toNodeHandler(auth as unknown as Auth))
const app = await buildTestApp({ environment: { BETTER_AUTH_URL: url } })

async function signUp(email: string, name: string) {
  const headers = { 'content-type': 'application/json', origin: url }
  const body = JSON.stringify({ email, name, password: 'correct horse battery staple' })
  const answer = await fetch(`${url}/api/auth/sign-up/email`, { method: 'POST', headers, body })
  expect(answer.status, await answer.clone().text()).toBe(200)
  const cookie = answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const { user } = (await answer.json()) as { user: { id: string } }
  const token = async () => {
    const { token } = (await (await fetch(`${url}/api/auth/token`, { headers: { cookie } })).json()) as {
      token: string
    }
    return token
  }
  return { userId: user.id, token }
}
const me = async (token: string) => {
  const answer = await app.browser().get('/me', { authorization: `Bearer ${token}` })
  return { status: answer.statusCode, ...answer.json() }
}

it('its tokens are its people', async () => {
  const { userId, token } = await signUp('ada@example.org', 'Ada Lovelace')
  const first = await token()
  expect(decodeProtectedHeader(first).alg).toBe('EdDSA')
  expect(decodeJwt(first)).toMatchObject({ sub: userId, iss: url, aud: url })
  const person = await me(first)
  // The address is not verified there, and is kept as such here.
  expect(person).toMatchObject({ status: 200, displayName: 'Ada Lovelace', email: 'ada@example.org', role: 'user' })
  expect((await me(await token())).id).toBe(person.id)
  const other = await signUp('grace@example.org', 'Grace Hopper')
  expect((await me(await other.token())).id).not.toBe(person.id)
})

it('a token with a letter of its payload changed is refused', async () => {
  const { token } = await signUp('mira@example.org', 'Mira')
  const [header, payload, signature] = (await token()).split('.')
  const bent = Buffer.from(payload as string, 'base64url')
    .toString()
    .replace('Mira', 'Mara')
  expect((await me(`${header}.${Buffer.from(bent).toString('base64url')}.${signature}`)).status).toBe(401)
})
