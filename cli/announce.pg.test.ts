/** A command is one more instance: what it changes, running servers know at once. */
import { afterAll, expect, it } from 'vitest'
import { buildTestApp, testEnvironment } from '../server/test/app.ts'
import { CommandLine } from '../server/test/command-line.ts'
import { createTestDatabase } from '../server/test/database.ts'
import { signedIn } from '../server/test/followers.ts'
import { TestSocket } from '../server/test/socket.ts'

const database = await createTestDatabase()
afterAll(() => database.drop())
const environment = { DATABASE_URL: database.url }
const app = await buildTestApp({ environment })
const line = new CommandLine(testEnvironment(environment))

it('whoever is disabled from the command line is signed out of servers that run', async () => {
  const { browser, id } = await signedIn(app)
  const socket = await TestSocket.openAs(await app.listen(), browser)
  expect(await line.run(['people', 'disable', id])).toMatchObject({ code: 0 })
  expect((await socket.closed()).code).toBe(4401)
  expect((await browser.get('/me')).statusCode).toBe(401)
})
