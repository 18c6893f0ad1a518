/** The document as a client's tools understand it: types made by a generator, a program checked with them, and run on the real app. */
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, expect, it } from 'vitest'
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

beforeAll(async () => {
  await mkdir(`${here}generated`, { recursive: true })
  const document = await (await fetch(`${url}/api/openapi.json`)).text()
  await writeFile(`${here}generated/openapi.json`, document)
  await tool('openapi-typescript/bin/cli.js', 'generated/openapi.json', '--output', 'generated/api.ts')
}, 60_000)

it('a program that is written for the document is accepted by the compiler', async () => {
  await tool('typescript/bin/tsc', '--project', '.')
}, 60_000)

it('and does what it says, by every path that there is for drafts, signing in and the account', async () => {
  const called = new Set<string>()
  const draft = await run({
    url,
    newAccount,
    tokenFor: (email, purpose) => mailedToken(app, email, purpose),
    fetch(request) {
      const { pathname } = new URL(request.url)
      called.add(`${request.method} ${pathname.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, '{draftId}')}`)
      return fetch(request)
    },
  })
  expect(draft.segments.map(({ text }) => text).join('')).toBe('We met, and agreed.')
  const { paths } = await (await fetch(`${url}/api/openapi.json`)).json()
  const all = Object.entries(paths as Record<string, Record<string, { tags: string[] }>>).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { tags }]) => ['account', 'auth', 'drafts'].includes(tags[0] ?? ''))
      .map(([method]) => `${method.toUpperCase()} ${path}`),
  )
  expect([...called].sort()).toEqual(all.sort())
})
