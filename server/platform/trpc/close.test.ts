/** Closing ends at once, whatever hangs on the server. Each test closes a server of its own. */
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { TestSocket } from '../../test/socket.ts'
import { until } from '../../test/until.ts'

const [polite, rude, bare] = [await buildTestApp(), await buildTestApp(), await buildTestApp()]

async function timeToClose({ root }: typeof polite) {
  const began = performance.now()
  await root.close()
  return performance.now() - began
}

describe('a server that closes', () => {
  it('says 1012 to every socket, so that clients come back', async () => {
    const url = await polite.listen()
    const browser = await polite.signIn()
    const sockets = await Promise.all(Array.from({ length: 50 }, () => TestSocket.openAs(url, browser)))
    await Promise.all(sockets.map((socket) => socket.subscribe('account.onSessionEnded')))
    expect(await timeToClose(polite)).toBeLessThan(1500)
    const ends = await Promise.all(sockets.map((socket) => socket.closed()))
    expect(new Set(ends.map(({ code }) => code))).toEqual(new Set([1012]))
    expect(polite.sessions.watch.size).toBe(0)
  })

  it('waits two seconds at most for sockets that do not answer, and not at all for streams', async () => {
    const url = await rude.listen()
    const browser = await rude.signIn()
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
    })
    const headers = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ]
    socket.write(
      [
        'GET /trpc HTTP/1.1',
        'Host: localhost',
        `Origin: ${rude.publicUrl}`,
        `Cookie: ${browser.cookieHeader}`,
        ...headers,
        '\r\n',
      ].join('\r\n'),
    )
    await until('the upgrade', () => received.includes('101 Switching Protocols'))
    const stream = await fetch(`${url}/trpc/account.onSessionEnded`, { headers: { cookie: browser.cookieHeader } })
    expect(stream.headers.get('content-type')).toMatch('text/event-stream')
    await until('both, the stream watched by its route as well', () => rude.sessions.watch.size === 3)
    expect(await timeToClose(rude)).toBeLessThan(4000)
    await until('the end', () => socket.closed)
    await stream.body?.cancel().catch(() => {})
  })

  it('takes no time without any', async () => {
    await bare.listen()
    expect(await timeToClose(bare)).toBeLessThan(1000)
  })
})
