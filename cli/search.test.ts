import { expect, it } from 'vitest'
import { freePort } from '../dev/free-port.ts'
import { keyOf } from '../server/test/api-keys.ts'
import { buildTestApp } from '../server/test/app.ts'
import { CommandLine } from '../server/test/command-line.ts'
import { signedIn } from '../server/test/followers.ts'

const port = await freePort(0)
const url = `http://127.0.0.1:${port}`
const app = await buildTestApp({ environment: { PUBLIC_URL: url } })

it('finds what the user of the token may read, as a table and as JSON', async () => {
  await app.root.listen({ port, host: '127.0.0.1' })
  const me = await signedIn(app)
  const made = await me.browser.mutate('tasks.create', { title: 'Lay the hedge', description: 'Of hazel' })
  const { id } = made.json().result.data
  await (await signedIn(app)).browser.mutate('tasks.create', { title: 'A hedge of another user' })
  const { key: PLINTH_TOKEN } = await keyOf(app, me, { scopes: ['task:read'] })
  const line = new CommandLine({})
  const search = (...words: string[]) => line.run(['search', ...words, '--url', url], { PLINTH_TOKEN })
  expect(await search('hedge haz')).toMatchObject({
    code: 0,
    err: '',
    out: expect.stringMatching(new RegExp(`KIND .*\ntask +${id} .* Lay the hedge +Of hazel\n$`)),
  })
  const { items } = JSON.parse((await search('hedge', '--json', '--limit', '1', '--kind', 'task')).out)
  expect(items).toMatchObject([{ kind: 'task', id, inTitle: true }])
  expect(await search('hedge', '--kind', 'draft')).toMatchObject({ code: 65 })
  expect(await search('hedge', '--kind', 'x')).toMatchObject({
    code: 64,
    err: expect.stringContaining('--kind is one of'),
  })
})
