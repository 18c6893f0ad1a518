/** Tokens of our own, sent on every way they can go, right and wrong: none is in a table, in the log or in an answer to a failure. */
import { sql } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { dump } from '../../test/dump.ts'
import { mutateBy, openProgram, refreshBy } from '../../test/programs.ts'
import { TestSocket } from '../../test/socket.ts'

it('tokens of our own are in no table, no line of the log and no refusal', async () => {
  const app = await buildTestApp({ environment: { AUTH_SESSION_MODE: 'jwt' } })
  const url = await app.listen()
  const secrets = new Map<string, string>()
  const refusals: string[] = []
  const remember = (name: string, secret: string | undefined) => {
    expect(secret?.length, name).toBeGreaterThan(40)
    // The part that nobody could make: the rest of a token is ids and words.
    secrets.set(name, secret?.split('.').at(-1) as string)
  }

  const browser = app.browser()
  const answer = await app.finishSignIn(browser, await app.beginSignIn(browser))
  const code = String(answer.headers.location).split('#code=')[1] as string
  remember('code', code)
  remember('cookie of the code', [...browser.cookies.values()][0])
  const elsewhere = await app.browser().mutate('auth.exchange', { code })
  refusals.push(elsewhere.body)
  const exchanged = await browser.mutate('auth.exchange', { code })
  remember('first access token', exchanged.json().result.data.accessToken)
  remember('first refresh token', browser.cookies.get('plinth_refresh'))
  refusals.push((await browser.mutate('auth.exchange', { code })).body)
  remember('second access token', (await browser.mutate('auth.refresh')).json().result.data.accessToken)
  remember('second refresh token', browser.cookies.get('plinth_refresh'))

  const program = await openProgram(app)
  const first = program.refreshToken
  remember('access token of a program', program.accessToken)
  remember('refresh token of a program', first)
  const key = { 'idempotency-key': 'of a refresh' }
  await mutateBy(app, 'auth.refresh', { refreshToken: first }, { ...key, ...program.bearer })
  await program.refresh(app)
  await program.refresh(app)
  refusals.push((await mutateBy(app, 'account.updateProfile', { displayName: 1 }, program.bearer)).body)
  const socket = await TestSocket.openByToken(url, program.accessToken)
  await socket.call('query', 'account.me')
  socket.ws.close()
  const twice = await TestSocket.openByToken(url, program.accessToken, program.bearer)
  refusals.push(JSON.stringify(await twice.closed()))
  // In places where it does not belong.
  for (const path of [
    `/${first}`,
    `/trpc/${first}`,
    `/trpc/account.me?input=${program.accessToken}`,
    `/auth/${first}`,
  ]) {
    await app.root.inject({ url: path, headers: { cookie: `plinth_session=${first}` } })
  }
  for (const input of [{ refreshToken: { a: first } }, { refreshToken: `${first}${first}` }, first]) {
    await mutateBy(app, 'auth.refresh', input)
  }
  app.expectErrorLog(/request failed/)
  await app.database.db.execute(sql`alter table sessions rename column refresh_counter to other`)
  refusals.push((await refreshBy(app, program.refreshToken)).body)
  await app.database.db.execute(sql`alter table sessions rename column other to refresh_counter`)
  const stolen = await refreshBy(app, first)
  expect(stolen.json().error.data.code).toBe('REFRESH_REUSED')
  refusals.push(stolen.body, (await program.get(app, '/me')).body)
  remember('newest refresh token of a program', program.refreshToken)
  await browser.send({ method: 'POST', url: '/auth/logout' })

  const [tables, logs] = [await dump(app), JSON.stringify(app.logs)]
  // The nets are real: what may be there is there.
  expect(tables).toContain(program.sessionId)
  expect(logs).toContain('/trpc')
  for (const [name, secret] of secrets) {
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) {
      expect(tables.includes(form), `${name} in a table`).toBe(false)
      expect(logs.includes(form), `${name} in the log`).toBe(false)
      expect(refusals.join('\n').includes(form), `${name} in a refusal`).toBe(false)
    }
  }
})
