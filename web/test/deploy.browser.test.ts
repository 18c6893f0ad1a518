/** Tests the build: the files that README's Deploy names are all that a server needs. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../dev/free-port.ts'
import { packageFolder } from '../../server/platform/config/package-folder.ts'
import { until } from '../../server/test/until.ts'

/** Between "these and nothing else" and the end of the sentence. */
function namedFiles(): string[] {
  const readme = readFileSync(join(packageFolder, 'README.md'), 'utf8')
  const [, named = ''] = /these and nothing else:\n([^.]*(?:\.(?!\n)[^.]*)*)\.\n/.exec(readme) ?? []
  return [...named.matchAll(/`([^`]+)`/g)].map(([, file]) => String(file))
}

it('a folder with what README names for a deployment, and nothing else, serves pages, sign-ups and commands', async () => {
  const files = namedFiles()
  expect(files).toContain('dist/')
  const folder = mkdtempSync(join(tmpdir(), 'plinth-deployed-'))
  for (const file of files) cpSync(join(packageFolder, file), join(folder, file), { recursive: true })
  const port = await freePort()
  const secret = () => randomBytes(48).toString('base64')
  const environment = {
    PATH: process.env.PATH,
    PORT: String(port),
    PUBLIC_URL: `http://localhost:${port}`,
    DATABASE_URL: `pglite://${join(folder, 'data/db')}`,
    REAL_AUTH_PROVIDER: 'none',
    SMTP_URL: 'smtp://127.0.0.1:9',
    MAIL_FROM: 'plinth@example.com',
    COOKIE_SECRET: secret(),
    JWT_ACCESS_SECRET: secret(),
    JWT_REFRESH_SECRET: secret(),
  }
  let said = ''
  const start = (command: string, args: string[]): ChildProcess => {
    const child = spawn(command, args, { cwd: folder, env: environment })
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        said += text
      })
    }
    return child
  }
  const server = start('npm', ['start'])
  const ended = new Promise((resolve) => server.once('exit', resolve))
  onTestFinished(async () => {
    server.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })
  const url = `http://localhost:${port}`
  const isReady = () =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => (server.exitCode === null ? false : Promise.reject(new Error(said))),
    )
  await until('the server is ready', isReady)
  expect(await (await fetch(url)).text()).toContain('<!doctype html>')
  const registered = await fetch(`${url}/api/v1/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      email: 'ada@example.com',
      username: 'ada',
      displayName: 'Ada',
      password: 'Tall herons wade at 6 in the rain',
    }),
  })
  expect(registered.status, await registered.text()).toBe(201)

  const command = start(process.execPath, [join(folder, 'dist/plinth.js'), 'people', 'list', '--json'])
  const code = await new Promise((resolve) => command.once('close', resolve))
  expect(code, said).toBe(0)
  expect(said).toMatch(/"ada"/)
})
