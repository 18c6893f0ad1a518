/** The program itself at the end of a pipe, as scripts use it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { testEnvironment } from '../server/test/app.ts'
import { ServerProcess } from '../server/test/server-process.ts'

const scratch = mkdtempSync(join(tmpdir(), 'plinth-terminal-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const environment = testEnvironment({ DATABASE_URL: `pglite://${join(scratch, 'db')}` })
const plinth = (...words: string[]) => new ServerProcess(environment, 'plinth', words)

it('ends without a message when its reader has closed the pipe', async () => {
  const command = plinth('doctor')
  command.child.stdout?.destroy()
  expect(await command.exited).toMatchObject({ signal: null })
  expect(command.stderr).not.toMatch(/EPIPE|\n +at /)
})

it('neither asks nor draws progress where no terminal is', async () => {
  const command = plinth('doctor', '--json')
  expect(await command.exited).toMatchObject({ code: 65, signal: null })
  expect(command.stderr).toBe('')
  expect(JSON.parse(command.stdout)).toMatchObject({ ok: false })
})
