/** The document as a client's tools understand it: types made by a generator, a program checked with them, and run on the real app. */
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { eq } from 'drizzle-orm'
import { beforeAll, expect, it } from 'vitest'
import { users } from '../server/platform/identity/table.ts'
import { openApiOf } from '../server/platform/rest/openapi.ts'
import { appRouter } from '../server/router.ts'
import { buildTestApp } from '../server/test/app.ts'
import { mailedToken, newAccount } from '../server/test/passwords.ts'
import { run } from './program.ts'

const app = await buildTestApp()
const url = await app.listen()
const here = fileURLToPath(new URL('.', import.meta.url))
const tool = (name: string, ...args: string[]) =>
  promisify(execFile)(process.execPath, [`${here}node_modules/${name}`, ...args], { cwd: here }).catch((error) =>
    expect.unreachable(`${error.stdout}${error.stderr}`),
  )

const { paths } = openApiOf(appRouter)
/** As the document writes the path, first without parameters; the path itself where it has none like it. */
const templateOf = (pathname: string) =>
  Object.keys({ ...(paths[pathname] && { [pathname]: true }), ...paths }).find((path) =>
    new RegExp(`^${path.replaceAll(/\{.*?\}/g, '[^/]+')}$`).test(pathname),
  ) ?? pathname

beforeAll(async () => {
  await mkdir(`${here}generated`, { recursive: true })
  const document = await (await fetch(`${url}/api/openapi.json`)).text()
  await writeFile(`${here}generated/openapi.json`, document)
  await tool('openapi-typescript/bin/cli.js', 'generated/openapi.json', '--output', 'generated/api.ts')
}, 60_000)

it('a program that is written for the document is accepted by the compiler', async () => {
  await tool('typescript/bin/tsc', '--project', '.')
}, 60_000)

it('the same program runs against the server, with every path and method of the document', async () => {
  const called = new Set<string>()
  const draft = await run({
    url,
    newAccount,
    tokenFor: (email, purpose) => mailedToken(app, email, purpose),
    async makeEngineer(email) {
      await app.database.db.update(users).set({ role: 'engineer' }).where(eq(users.email, email))
    },
    fetch(request) {
      called.add(`${request.method} ${templateOf(new URL(request.url).pathname)}`)
      return fetch(request)
    },
  })
  expect(draft.segments.map(({ text }) => text).join('')).toBe('We met, and agreed.')
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect(all.length).toBeGreaterThan(50)
  expect([...called].sort()).toEqual(all.sort())
})
