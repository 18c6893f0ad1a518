/** On Postgres, whose clock is not this process's. */
import { expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { openProgram } from '../../test/programs.ts'

const app = await buildTestApp()

it.each([-3600, 3600])('an instance whose clock is %i s off makes good tokens, and takes no other', async (offS) => {
  const real = Date.now
  Date.now = () => real() + offS * 1000
  try {
    const program = await openProgram(app)
    const { iat, exp } = JSON.parse(Buffer.from(program.accessToken.split('.')[1] ?? '', 'base64url').toString())
    expect(Math.abs(iat - real() / 1000)).toBeLessThan(10)
    expect((await program.get(app, '/me')).statusCode).toBe(200)
    const token = await app.inside.accessTokens.verify(program.accessToken)
    expect([token?.isTimely(exp - 1), token?.isTimely(exp), token?.isTimely(iat - 60)]).toEqual([true, false, false])
    expect(Math.abs(app.sessions.nowS - real() / 1000)).toBeLessThan(10)
  } finally {
    Date.now = real
  }
})
