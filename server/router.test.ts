import type { AnyProcedure, AnyRouter } from '@trpc/server'
import { describe, expect, it } from 'vitest'
import { appRouter } from './router.ts'
import { buildTestApp, publicUrl } from './test/app.ts'
import { TestSocket } from './test/socket.ts'

const app = await buildTestApp()
const procedures = Object.entries<AnyProcedure>((appRouter as AnyRouter)._def.procedures)

/**
 * What anybody may call. A procedure that is not here refuses whoever is not signed in: a new one that is meant for
 * everybody is added with a word on why, and one that is not needs nothing.
 */
const publicPaths = [
  // Null for visitors: a page asks when it is opened.
  'account.current',
  // The buttons of the sign-in page.
  'account.methods',
  // Ways to become somebody, and the links of mails.
  'auth.register',
  'auth.login',
  'auth.signUp',
  'auth.signIn',
  'auth.forgotPassword',
  'auth.resetPassword',
  'auth.findVerification',
  'auth.verifyEmail',
  'auth.reclaimAddress',
  'auth.resendVerification',
  // Signing out twice is fine.
  'auth.logout',
  // The way back from a provider.
  'auth.exchange',
  // What runs otherwise than it should, for a page on a wall: nothing in them is about a person (public-reads.test.ts).
  'alerts.list',
  'drifts.get',
  'drifts.list',
  'metrics.summary',
]

const anonymous = {
  nobody: {},
  'an ended session': { cookie: `plinth_session=${'x'.repeat(43)}` },
  'a bearer token that nobody can verify': { authorization: 'Bearer x' },
  'an X-User-Id': { 'x-user-id': '01a1f8b5-1c8b-7611-ad4b-aa7da4b91540' },
}

describe('every procedure', () => {
  it('is found by this test', () => {
    expect(procedures.length).toBeGreaterThanOrEqual(8)
    const known = procedures.map(([path]) => path)
    expect(publicPaths.filter((path) => !known.includes(path))).toEqual([])
  })

  it.each(procedures)('%s refuses whoever is not signed in, unless it is public', async (path, procedure) => {
    for (const [who, headers] of Object.entries(anonymous)) {
      const browser = app.browser(headers)
      const answer =
        procedure._def.type === 'mutation' ? await browser.mutate(path) : await browser.get(`/trpc/${path}`)
      const open = publicPaths.includes(path) && who !== 'a bearer token that nobody can verify'
      if (procedure._def.type === 'subscription') {
        // A stream has begun by the time that it fails.
        expect([who, answer.body.includes('"httpStatus":401')]).toEqual([who, !open])
      } else {
        // Without the input that it wants, what is open has come further than to ask who calls.
        expect([who, open ? [200, 400] : [401]]).toEqual([who, expect.arrayContaining([answer.statusCode])])
      }
    }
  })

  it.each(procedures)('%s is out of reach of a socket without a session', async (path, procedure) => {
    const socket = await TestSocket.open(await listening(), { origin: publicUrl })
    socket.send(procedure._def.type, path)
    expect(await socket.closed()).toMatchObject({ code: 4401 })
    expect(socket.answers).toEqual([])
  })
})

let url: Promise<string> | undefined
const listening = () => {
  url ??= app.listen()
  return url
}
