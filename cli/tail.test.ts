/** `plinth tail` beside a server that is stopped, killed and started again: each event once, in order. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testEnvironment } from '../server/test/app.ts'
import { CommandLine } from '../server/test/command-line.ts'
import { createTestDatabase, onPostgres } from '../server/test/database.ts'
import { range } from '../server/test/followers.ts'
import { copyMigratedFolder } from '../server/test/migrated-data-dir.ts'
import { ServerProcess } from '../server/test/server-process.ts'
import { until } from '../server/test/until.ts'

const scratch = mkdtempSync(join(tmpdir(), 'plinth-tail-'))
const database = onPostgres ? await createTestDatabase() : null
const DATABASE_URL = database?.url ?? `pglite://${join(scratch, 'db')}`
if (!onPostgres) copyMigratedFolder(join(scratch, 'db'))
const environment = testEnvironment({ DATABASE_URL, PORT: '0' })
const line = new CommandLine(environment)

let server = new ServerProcess(environment)
let authorization = ''
beforeAll(async () => {
  await server.ready()
  const people = JSON.parse((await line.run(['seed', '--json'])).out)
  const { email, password } = people.at(-1)
  const { accessToken } = await mutate('auth.login', { email, password })
  authorization = `Bearer ${accessToken}`
})
afterAll(async () => {
  await server.kill('SIGKILL')
  await database?.drop()
  rmSync(scratch, { recursive: true, force: true })
})

async function mutate(path: string, input: unknown) {
  const answer = await fetch(`${await server.origin()}/trpc/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
    body: JSON.stringify(input),
  })
  expect([path, answer.status]).toEqual([path, 200])
  return (await answer.json()).result.data
}

async function draft() {
  const { id: draftId } = await mutate('drafts.create', { title: 'Minutes' })
  let written = 0
  const append = async (count: number) => {
    for (let n = 0; n < count; n++)
      await mutate('drafts.append', { draftId, segmentId: randomUUID(), text: `segment ${++written}` })
  }
  return { draftId, append }
}

/** Runs in the background; ends by Ctrl-C. */
function tail(...words: string[]) {
  const ctrlC = new AbortController()
  const said = { out: '', err: '' }
  const ended = line.run(['tail', ...words, '--json'], { interrupted: ctrlC.signal, said })
  let isOver = false
  void ended.finally(() => {
    isOver = true
  })
  const events = () =>
    said.out
      .split('\n')
      .filter((text) => text !== '')
      .map((text) => JSON.parse(text))
  return {
    said,
    events,
    seqs: () => events().map(({ seq }) => seq),
    async following() {
      await this.until('it follows', () => said.err.includes('Following'))
    },
    async until(what: string, look: () => boolean) {
      await until(what, () => look() || isOver)
      if (!look()) throw new Error(`${what}: it ended before, saying ${said.err}`)
    },
    async end() {
      ctrlC.abort()
      return ended
    },
  }
}

async function restart(signal: 'SIGTERM' | 'SIGKILL') {
  await server.kill(signal)
  server = new ServerProcess(environment)
  await server.ready()
}

describe('tail', () => {
  it('shows each event once and in order, through a stop, a kill and a start of the server', async () => {
    const { draftId, append } = await draft()
    await append(2)
    const tailing = tail(`draft:${draftId}`, '--after', '0')
    await tailing.following()
    await append(3)
    await tailing.until('what came before the stop', () => tailing.seqs().includes(5))
    await restart('SIGTERM')
    await append(3)
    await tailing.until('what came after the stop', () => tailing.seqs().includes(8))
    await restart('SIGKILL')
    await append(3)
    await tailing.until('what came after the kill', () => tailing.seqs().includes(11))
    expect(await tailing.end()).toMatchObject({ code: 0 })
    expect(tailing.seqs()).toEqual(range(1, 11))
    expect(tailing.events().map(({ segment }) => segment.text)).toEqual(range(1, 11).map((n) => `segment ${n}`))
    expect(tailing.said.err).not.toMatch(/missing/)
  })

  it('begins at the given number or cursor, or now', async () => {
    const { draftId, append } = await draft()
    await append(3)
    const [byNumber, fromNow] = [tail(`drafts/${draftId}`, '--after', '1'), tail(`drafts/${draftId}`)]
    await Promise.all([byNumber.following(), fromNow.following()])
    await append(1)
    await byNumber.until('the new one', () => byNumber.seqs().includes(4))
    await fromNow.until('the new one', () => fromNow.seqs().includes(4))
    expect([byNumber.seqs(), fromNow.seqs()]).toEqual([[2, 3, 4], [4]])
    const byCursor = tail(`draft:${draftId}`, '--after', byNumber.events()[1].cursor)
    await byCursor.until('what came after the cursor', () => byCursor.seqs().includes(4))
    expect(byCursor.seqs()).toEqual([4])
    for (const each of [byNumber, fromNow, byCursor]) expect(await each.end()).toMatchObject({ code: 0 })
  })

  it('reports at which point events are missing', async () => {
    const { draftId, append } = await draft()
    await append(1)
    const tailing = tail(`draft:${draftId}`, '--after', 'another:1')
    await tailing.until('the warning', () => tailing.said.err.includes('Events are missing here'))
    await append(1)
    await tailing.until('what comes', () => tailing.seqs().includes(2))
    expect(await tailing.end()).toMatchObject({ code: 0 })
    expect(tailing.events().map(({ type }) => type)).toEqual(['resync', 'segment.added'])
  })

  it('is recorded in the audit log, as the operator following the channel', async () => {
    const { draftId } = await draft()
    const tailing = tail(`draft:${draftId}`)
    await tailing.following()
    expect(await tailing.end()).toMatchObject({ code: 0, err: expect.not.stringMatching(/away/) })
    const { out } = await line.run(['audit', 'list', '--json', '--target', `channel:draft:${draftId}`])
    expect(JSON.parse(out).items).toMatchObject([{ action: 'channels.follow', actorId: null, ip: 'cli' }])
  })

  it('reports a channel that does not exist, and creates none', async () => {
    for (const _ of ['once', 'again']) {
      expect(await line.run(['tail', 'draft:unknown'])).toMatchObject({
        code: 65,
        err: expect.stringMatching(/There is nothing here/),
      })
    }
    expect(await line.run(['tail', 'draft:x', '--after', 'yesterday'])).toMatchObject({ code: 64 })
  })

  it.skipIf(onPostgres)('without a server on the embedded database ends with 69, for nothing can happen', async () => {
    await server.kill('SIGTERM')
    expect(await line.run(['tail', 'draft:x'])).toMatchObject({
      code: 69,
      err: expect.stringMatching(/Start the server first/),
    })
  })
})
