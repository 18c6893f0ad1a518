import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../server/app.ts'
import { packageFolder } from '../server/platform/config/package-folder.ts'
import { lockFolder } from '../server/platform/db/folder-lock.ts'
import { testEnvironment } from '../server/test/app.ts'
import { CommandLine } from '../server/test/command-line.ts'
import { openLocalPlinth } from './local-plinth.ts'

/** Nothing is there: whatever opens it fails. */
const line = new CommandLine(testEnvironment({ DATABASE_URL: 'postgres://plinth@127.0.0.1:9/plinth' }))

describe('a command that is not understood ends with 64 and says how it is called', () => {
  it.each([
    [['people', 'rise'], /There is no command "people rise"[\s\S]*people end-sessions <person>/],
    [['--versoin'], /There is no command/],
    [['people', 'lsit'], /Did you mean `plinth people list`\?/],
    [['admin', 'gant', 'ada'], /Did you mean `plinth admin grant`\?/],
    [['tial', 'draft:1'], /Did you mean `plinth tail`\?/],
    [['admin', 'grant'], /Usage: plinth admin grant <person> \[--yes\]/],
    [['admin', 'grant', 'ada', 'grace'], /Usage: plinth admin grant/],
    [['people', 'list', '--every'], /'--every'/],
    [['people', 'list', '--search'], /--search/],
    [['constructor'], /There is no command/],
  ])('%j', async (words, said) => {
    expect(await line.run(words)).toMatchObject({ code: 64, out: '', err: expect.stringMatching(said) })
  })
})

it.each([[[]], [['--help']], [['help']], [['people', '--help']], [['admin', 'grant', '-h']]])(
  'help is given without a database: %j',
  async (words) => {
    expect(await line.run(words)).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/admin|people/) })
  },
)

it('a missing setting ends with 78 and is named', async () => {
  expect(await line.run(['people', 'list'], { COOKIE_SECRET: '' })).toMatchObject({
    code: 78,
    err: expect.stringMatching(/COOKIE_SECRET/),
  })
})

it('a value that its procedure refuses ends with 64 and what the procedure says', async () => {
  const withDatabase = await CommandLine.create()
  for (const [option, value, said] of [
    ['--limit', '1000', /limit: /],
    ['--role', 'king', /viewer, user, engineer, admin/],
  ] as const) {
    const answer = await withDatabase.run(['people', 'list', option, value])
    expect(answer).toMatchObject({ code: 64, out: '', err: expect.stringMatching(said) })
  }
})

it('an embedded database that a process has open is left to it, by name', async () => {
  const folder = join(packageFolder, 'node_modules', `.held-${process.pid}`)
  const lock = lockFolder(folder)
  const { code, err } = await line.run(['people', 'list'], { DATABASE_URL: `pglite://${folder}` })
  lock.release()
  expect(code).toBe(69)
  expect(err).toMatch(new RegExp(`in use by process ${process.pid} \\(.*\\nStop that process first`))
})

it('a database that is away is waited for, and then named', async () => {
  await expect(openLocalPlinth(readConfig(line.environment), 300)).rejects.toMatchObject({
    exitCode: 69,
    message: expect.stringMatching(/does not answer/),
  })
})
