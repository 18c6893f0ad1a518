import { afterAll, expect, it } from 'vitest'
import { buildTestApp, newPerson, publicUrl } from '../server/test/app.ts'
import { createTestDatabase } from '../server/test/database.ts'
import { TcpProxy } from '../server/test/tcp-proxy.ts'
import { until } from '../server/test/until.ts'
import { type ConnectionState, createPlinth } from './plinth.ts'

const database = await createTestDatabase()
afterAll(() => database.drop())
const [old, next] = [await instance(), await instance()]
const portOf = (url: string) => Number(new URL(url).port)
const proxy = await TcpProxy.before(portOf(await old.listen()))
const nextPort = portOf(await next.listen())

function instance() {
  return buildTestApp({ environment: { DATABASE_URL: database.url } })
}

it('a client goes on with the instance that takes the place of a closing one', async () => {
  const claims = newPerson()
  const [here, there] = [await next.signIn(claims), await next.signIn(claims)]
  const client = createPlinth({
    url: `http://127.0.0.1:${proxy.port}`,
    headers: { origin: publicUrl, cookie: there.cookieHeader },
  })
  const states: ConnectionState[] = []
  client.connection.onChange((state) => states.push(state))
  const seen: unknown[] = []
  client.account.onSessionEnded.subscribe(undefined, {
    onData: (data) => seen.push(data),
    onError: (error) => seen.push(error),
  })
  await until('a connection', () => client.connection.state === 'connected')

  proxy.target = nextPort
  await old.root.close()
  // Its end may be heard of later than it is over there.
  await until('another connection', () => states.length >= 4 && next.sessions.watch.size >= 2)
  expect(states).toEqual(['connecting', 'connected', 'connecting', 'connected'])
  expect(await client.account.me.query()).toMatchObject({ email: claims.email })

  await here.mutate('account.sessions.revokeOthers')
  await until('the word', () => seen.length)
  expect(seen).toEqual([{ reason: 'revoked' }])
  client.close()
  await proxy.close()
})
