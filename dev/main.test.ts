import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, stat, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { packageFolder } from '../server/platform/config/package-folder.ts'
import { cookieValues } from '../server/platform/identity/session-cookie.ts'
import { copyMigratedFolder } from '../server/test/migrated-data-dir.ts'
import { until } from '../server/test/until.ts'
import { freePort } from './free-port.ts'

const folder = await mkdtemp(join(tmpdir(), 'plinth-dev-'))
const started: ChildProcess[] = []

afterAll(async () => {
  for (const child of started) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }
  await rm(folder, { recursive: true, force: true })
})

describe('npm run dev', () => {
  it('signs a user in through a real OpenID provider, without any setting', async () => {
    copyMigratedFolder(join(folder, 'db'))
    const port = await freePort()
    const { output, ended, child } = startDev(port, 'npm', ['run', 'dev'])
    await Promise.race([
      until('the address', () => output().includes(`Plinth is ready: http://localhost:${port}`)),
      ended.then((code) => Promise.reject(new Error(`exit ${code}: ${output()}`))),
    ])

    // The lines that a new developer needs are not buried under log lines of requests that the command makes itself.
    const [before = '', announced = ''] = output().split('Plinth is ready')
    expect(before).not.toMatch(/GET|POST/)
    const passwords = [...announced.matchAll(/^ +(\S+@plinth\.local) +(\S+)$/gm)].map(([, email, password]) => ({
      email,
      password,
    }))
    expect(passwords.map(({ email }) => email).sort()).toEqual(
      ['admin', 'engineer', 'viewer'].map((role) => `${role}@plinth.local`),
    )
    for (const credentials of passwords) {
      const answer = await fetch(`http://localhost:${port}/api/v1/auth/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(credentials),
      })
      expect(answer.status, await answer.text()).toBe(200)
    }

    const page = await fetch(`http://localhost:${port}/`)
    expect(page.headers.get('content-type')).toContain('text/html')

    const walk = new Walk()
    const choice = await walk.follow(`http://localhost:${port}/auth/google?returnTo=/account`)
    const answer = await choice.answer.text()
    const [, engineer] = /href="([^"]+as=demo-engineer)"/.exec(answer) ?? []
    const { url } = await walk.follow(new URL(engineer ?? '', choice.url).href)
    expect(url).toBe(`http://localhost:${port}/account`)
    const { answer: me } = await walk.follow(`http://localhost:${port}/me`)
    expect(await me.json()).toMatchObject({ displayName: 'Demo engineer', role: 'engineer' })

    const inbox = await fetch(`http://localhost:${port}/dev/mail`)
    expect(await inbox.text()).toContain('<h1>Mail</h1>')

    // A change of the source. A server whose log is not read would block.
    const source = join(import.meta.dirname, '../server/router.ts')
    const { atime, mtime } = await stat(source)
    await utimes(source, atime, new Date())
    await until('the server to be restarted', () => output().includes('server/router.ts changed: restarting'))
    await until('the new server', async () => (await fetch(`http://localhost:${port}/readyz`)).ok)
    await until('its log', () => output().split('Server listening').length === 3)

    // The database is taken: the second one says by whom, and goes.
    const second = startDev(await freePort())
    expect(await second.ended).toBe(75)
    expect(second.output()).toMatch(/in use by process \d+/)

    // Of npm's process alone, as a service manager does: what it has started ends too, and gives the port back.
    child.kill('SIGTERM')
    await ended
    await until('the end of the server', () =>
      fetch(`http://localhost:${port}/livez`).then(
        () => false,
        () => true,
      ),
    )
    // A build that is older than the source counts as outdated.
    await utimes(source, atime, mtime)
  })
})

function startDev(port: number, command = process.execPath, args = [join(import.meta.dirname, 'main.ts')]) {
  const child = spawn(command, args, {
    cwd: packageFolder,
    env: { PATH: process.env.PATH, PORT: String(port), DATABASE_URL: `pglite://${join(folder, 'db')}` },
  })
  started.push(child)
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      text += chunk
    })
  }
  return { child, output: () => text, ended: new Promise<number | null>((resolve) => child.once('exit', resolve)) }
}

/** Follows redirects with a cookie jar, as browsers do: one jar a host, whatever the port. */
class Walk {
  readonly #cookies = new Map<string, string>()

  async follow(start: string): Promise<{ url: string; answer: Response }> {
    for (let url = start, hops = 0; hops < 10; hops++) {
      const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const answer = await fetch(url, { redirect: 'manual', headers: { cookie, accept: 'text/html' } })
      for (const set of answer.headers.getSetCookie()) {
        const name = set.slice(0, set.indexOf('='))
        this.#cookies.set(name, cookieValues(set, name)[0] ?? '')
      }
      const next = answer.headers.get('location')
      if (!next) return { url, answer }
      url = new URL(next, url).href
    }
    throw new Error('redirected in circles')
  }
}
