/** The program itself at the end of a pipe, as scripts use it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { settings } from '../server/platform/config/settings.ts'
import { testEnvironment } from '../server/test/app.ts'

const scratch = mkdtempSync(join(tmpdir(), 'plinth-terminal-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const nothingSet = Object.fromEntries(Object.keys(settings).map((name) => [name, '']))
const environment = { ...nothingSet, ...testEnvironment({ DATABASE_URL: `pglite://${join(scratch, 'db')}` }) }

function plinth(...words: string[]) {
  const { PATH } = process.env
  const child = spawn(process.execPath, [join(import.meta.dirname, 'launch.ts'), ...words], {
    env: { PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    err += text
  })
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal, err }))
  return { child, exited }
}

it('a reader that has seen enough ends it without a word', { timeout: 60_000 }, async () => {
  const { child, exited } = plinth('doctor')
  child.stdout.destroy()
  expect(await exited).toMatchObject({ signal: null, err: expect.not.stringMatching(/EPIPE|\n +at /) })
})

it('asks nobody where nobody is, and draws no progress', { timeout: 60_000 }, async () => {
  const { child, exited } = plinth('doctor', '--json')
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text
  })
  expect(await exited).toMatchObject({ code: 65, signal: null, err: '' })
  expect(JSON.parse(out)).toMatchObject({ ok: false })
})
