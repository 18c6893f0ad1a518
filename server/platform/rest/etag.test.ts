/** Reads that are asked for again, each that answers over REST: 304 for who has the answer and still may, and for nobody else. */
import { describe, expect, it } from 'vitest'
import { buildTestApp } from '../../test/app.ts'
import { type Person, prepareCall, procedures } from '../../test/calls.ts'
import { draftOf, signedIn } from '../../test/followers.ts'
import { mutateBy } from '../../test/programs.ts'
import { isKnown, strongTag, weakTag } from './etag.ts'
import { pathParameters } from './rest-route.ts'

const app = await buildTestApp({
  environment: { CORS_ORIGINS: 'https://partner.example', RATE_LIMIT_SIGNED_IN: '100' },
})
const reads = procedures.flatMap(({ path, type, meta }) =>
  type === 'query' && meta?.rest
    ? [{ path, address: meta.rest.path, access: meta.access, publicRead: meta.publicRead, price: meta.price ?? 1 }]
    : [],
)

async function prepared({ path, address }: (typeof reads)[number]) {
  const me = await signedIn(app)
  const { input = {} } = await prepareCall(app, path, me)
  const named = new Set(pathParameters(address))
  const query = new URLSearchParams(
    Object.entries(input as Record<string, string>).filter(([name]) => !named.has(name)),
  )
  return { me, url: `${address.replaceAll(/\{(.*?)\}/g, (_, name) => String(input[name]))}?${query}` }
}

const ask = ({ browser }: Person, url: string, etag?: unknown, method: 'GET' | 'HEAD' = 'GET') =>
  browser.send({ method, url, headers: etag === undefined ? {} : { 'if-none-match': String(etag) } })

describe.each(reads)('$address', (read) => {
  it('is not sent again to who has it, by any way to say so', async () => {
    const { me, url } = await prepared(read)
    const first = await ask(me, url)
    const { etag } = first.headers
    expect([first.statusCode, etag]).toEqual([200, expect.stringMatching(/^W\/"[\w-]{43}"$/)])
    // What is about a user is kept by no browser.
    const kept = { 'cache-control': read.publicRead ? 'private, no-cache' : 'no-store' }
    expect(first.headers).toMatchObject(kept)
    for (const known of [etag, `"other", ${etag}`, String(etag).slice(2), '*']) {
      const again = await ask(me, url, known)
      expect([again.statusCode, again.body, again.headers.etag]).toEqual([304, '', etag])
      expect(again.headers).not.toHaveProperty('content-type')
      expect(again.headers).toMatchObject({ ...kept, vary: first.headers.vary })
    }
    for (const other of ['"other"', '', 'W/', `${etag}x`]) {
      const again = await ask(me, url, other)
      expect([again.statusCode, again.headers.etag]).toEqual([200, etag])
    }
  })

  it('is the same to HEAD, which never has a body', async () => {
    const { me, url } = await prepared(read)
    const { headers, body } = await ask(me, url)
    const head = await ask(me, url, undefined, 'HEAD')
    expect([head.statusCode, head.body, head.headers.etag]).toEqual([200, '', headers.etag])
    expect(head.headers['content-length']).toBe(String(Buffer.byteLength(body)))
    expect((await ask(me, url, headers.etag, 'HEAD')).statusCode).toBe(304)
  })

  it('names all that decides whose it is, beside what else depends on the request', async () => {
    const { me, url } = await prepared(read)
    const { headers } = await me.browser.get(url, { origin: 'https://partner.example' })
    expect(headers.vary).toBe('origin, authorization, cookie, x-user-id')
    expect(headers['access-control-expose-headers']).toContain('etag')
  })

  it('costs a call each time, and is refused as if nobody had anything', async () => {
    const { me, url } = await prepared(read)
    const { etag, 'ratelimit-remaining': left } = (await ask(me, url)).headers
    let before = Number(left)
    for (; before >= read.price; before -= read.price) {
      const again = await ask(me, url, etag)
      expect([again.statusCode, again.headers['ratelimit-remaining']]).toEqual([304, String(before - read.price)])
    }
    const refused = await ask(me, url, etag)
    expect([refused.statusCode, refused.headers.etag]).toEqual([429, undefined])
    expect(refused.headers['cache-control']).toBe('no-store')
    if (read.access === 'anybody' || read.publicRead) return
    const nobody = await app.browser().get(url, { 'if-none-match': '*' })
    expect([nobody.statusCode, nobody.headers.etag, nobody.headers['cache-control']]).toEqual([
      401,
      undefined,
      'no-store',
    ])
  })
})

describe('a draft', () => {
  it('has another tag as soon as it is another, and is not there for who may not read it', async () => {
    const [me, other] = [await signedIn(app), await signedIn(app)]
    const { id } = await draftOf(app, me)
    const url = `/v1/collab/drafts/${id}`
    const tags = [(await ask(me, url)).headers.etag]
    for (const change of ['rename', 'append', 'close']) {
      await me.browser.mutate(`drafts.${change}`, { draftId: id, title: 'Two', text: 'One' })
      const again = await ask(me, url, tags.at(-1))
      expect(again.statusCode).toBe(200)
      tags.push(again.headers.etag)
    }
    expect(new Set(tags).size).toBe(4)
    expect((await ask(other, url, tags.at(-1))).statusCode).toBe(404)
  })
})

it('what changes something has no tag, and is not asked whether it is known', async () => {
  const me = await signedIn(app)
  const answer = await me.browser.send({
    method: 'POST',
    url: '/v1/collab/drafts',
    headers: { 'if-none-match': '*' },
    payload: { title: 'One' },
  })
  expect([answer.statusCode, answer.headers.etag, answer.headers['cache-control']]).toEqual([
    201,
    undefined,
    'no-store',
  ])
  const refused = await mutateBy(app, 'drafts.create', {}, { 'if-none-match': '*' })
  expect([refused.statusCode, refused.headers.etag]).toEqual([401, undefined])
})

it('a tag is of what is told alone, and weak where the bytes are others', () => {
  expect(weakTag('a')).toBe(`W/${strongTag('a')}`)
  expect(strongTag('a')).not.toBe(strongTag('b'))
  expect(isKnown(strongTag('a'), weakTag('a'))).toBe(true)
  expect(isKnown(weakTag('a'), undefined)).toBe(false)
})
