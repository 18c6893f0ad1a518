import { describe, expect, it } from 'vitest'
import { buildTestApp, newPerson } from '../../test/app.ts'

const app = await buildTestApp()

describe('signing in with Google', () => {
  it('makes a person on the first sign-in and finds the same one on the next', async () => {
    const claims = newPerson()
    const first = await app.signIn(claims)
    const second = await app.signIn(claims)
    const [me, again] = [(await first.get('/me')).json(), (await second.get('/me')).json()]
    expect(me).toMatchObject({ email: claims.email, displayName: claims.name, role: 'user', username: null })
    expect(again.id).toBe(me.id)
    expect(Date.parse(again.lastLoginAt)).toBeGreaterThanOrEqual(Date.parse(me.lastLoginAt))
  })

  it('asks the provider with PKCE S256, nonce and a state of its own', async () => {
    const { searchParams } = await app.beginSignIn(app.browser())
    expect(Object.fromEntries(searchParams)).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      redirect_uri: 'http://localhost:8000/auth/google/callback',
    })
    expect(searchParams.get('state')).toMatch(/.{43,}/)
    expect(searchParams.get('nonce')).toMatch(/.{43}/)
  })
})
