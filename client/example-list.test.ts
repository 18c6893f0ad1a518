import { readFile } from 'node:fs/promises'
import { expect, it, onTestFinished } from 'vitest'
import { buildTestApp, publicUrl } from '../server/test/app.ts'
import { TcpProxy } from '../server/test/tcp-proxy.ts'
import { until } from '../server/test/until.ts'
import { followOpenTasks } from './example-list.ts'
import { createPlinth } from './plinth.ts'

const app = await buildTestApp()
const port = Number(new URL(await app.listen()).port)

async function device(cookie: string) {
  const proxy = await TcpProxy.before(port)
  const plinth = createPlinth({
    url: `http://127.0.0.1:${proxy.port}`,
    headers: { origin: publicUrl, cookie },
    pace: 0.05,
  })
  plinth.actAs((await plinth.account.me.query()).id)
  let drawn = ''
  const { list, outbox } = followOpenTasks(plinth, (rows, pending) => {
    drawn = rows.map(({ id, title }) => (pending.has(id) ? `${title}?` : title)).join()
  })
  onTestFinished(async () => {
    list.stop()
    outbox.close()
    plinth.close()
    await proxy.close()
  })
  const add = (title: string) => {
    const taskId = crypto.randomUUID()
    outbox.queue('tasks.create', { taskId, title })
    return taskId
  }
  return { proxy, list, outbox, add, drawn: () => drawn }
}

it('of the documentation shows changes at once, offline too, and the same on two devices', async () => {
  const { browser } = await app.enter()
  const [desk, phone] = [await device(browser.cookieHeader), await device(browser.cookieHeader)]
  const first = desk.add('first')
  expect(desk.drawn()).toBe('first?')
  await until('the task on both', () => desk.drawn() === 'first' && phone.drawn() === 'first')

  desk.proxy.mode = 'hang-up'
  desk.proxy.cut()
  await until('the desk to be offline', () => desk.list.inSight('open').feed === 'offline')
  desk.add('offline')
  desk.outbox.queue('tasks.complete', { taskId: first, completed: true })
  expect(desk.drawn()).toBe('offline?')
  phone.add('meanwhile')
  await until('the task on the phone', () => phone.drawn() === 'meanwhile,first')

  desk.proxy.mode = 'pass'
  const all = 'offline,meanwhile'
  await until('the same on both', () => desk.drawn() === all && phone.drawn() === all)
})

it('is shown whole in the documentation, and has no more than 70 lines', async () => {
  const [example, docs] = await Promise.all([
    readFile(new URL('example-list.ts', import.meta.url), 'utf8'),
    readFile(new URL('../docs/client.md', import.meta.url), 'utf8'),
  ])
  const asInstalled = example
    .replaceAll("'./", "'plinth/client/")
    .replaceAll("'../shared/", "'plinth/shared/")
    .replace(/(from 'plinth\/[^']+)\.ts'/g, "$1'")
  expect(docs).toContain(`\`\`\`ts\n${asInstalled}\`\`\``)
  expect(example.trimEnd().split('\n').length).toBeLessThanOrEqual(70)
})
