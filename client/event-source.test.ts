import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished, vi } from 'vitest'
import { until } from '../server/test/until.ts'
import { FetchEventSource } from './event-source.ts'

type Event = { type: string; data: string; lastEventId: string }

/** A stream that `answer` writes, and the events that arrive from it. */
async function stream(answer: (response: ServerResponse, connection: number) => void) {
  const asked: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    answer(response, asked.push(request.headers))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const source = new FetchEventSource(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  const events: Event[] = []
  for (const type of ['message', 'named']) source.addEventListener(type, (event) => events.push(event))
  onTestFinished(async () => {
    source.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { asked, events }
}

it.each([
  ['LF', '\n'],
  ['CR LF', '\r\n'],
  ['CR', '\r'],
])('reads events whose lines end with %s, wherever the stream is cut', async (_name, end) => {
  const lines = [
    '\ufeffid: 1',
    'event: named',
    'data: über',
    'data:two',
    '',
    ': a comment',
    'data',
    '',
    'id: 2',
    'data: {}',
    '',
    '',
  ]
  const { events } = await stream((response) => {
    const bytes = Buffer.from(lines.join(end))
    const next = (at: number) => {
      if (at < bytes.length) response.write(bytes.subarray(at, at + 1), () => setImmediate(next, at + 1))
      // Without an empty line at its end it is not an event.
      else response.end('data: cut off')
    }
    next(0)
  })
  await until('three events', () => events.length >= 3)
  expect(events.slice(0, 3)).toEqual([
    { type: 'named', data: 'über\ntwo', lastEventId: '1' },
    { type: 'message', data: '', lastEventId: '1' },
    { type: 'message', data: '{}', lastEventId: '2' },
  ])
})

it('reconnects after the time that the server names, with the last id that it has received, even one without an event', async () => {
  const timeouts = vi.spyOn(globalThis, 'setTimeout')
  onTestFinished(() => void timeouts.mockRestore())
  const { asked, events } = await stream((response, connection) => {
    if (connection === 1) response.end('retry: 5\nid: 7\n\n')
    else response.write('data: again\n\n')
  })
  await until('the second connection', () => events.length > 0)
  expect(timeouts).toHaveBeenCalledWith(expect.any(Function), 5)
  expect(asked.map((headers) => headers['last-event-id'])).toEqual([undefined, '7'])
})
