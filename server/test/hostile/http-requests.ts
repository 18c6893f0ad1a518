/** Requests that an HTTP client can say, to every door that there is: tRPC, REST, streams, sign-in, files, pages of operators. */
import type { Role } from '../../../shared/account.ts'
import { toolsOf } from '../../platform/mcp/tool.ts'
import { appRouter } from '../../router.ts'
import { publicUrl } from '../chaos/people.ts'
import type { Random } from '../chaos/random.ts'
import { marks, nastyText, nastyValue } from './dictionary.ts'
import { Inputs, type Known, secretText } from './inputs.ts'
import { toJson } from './json-text.ts'
import { type Credentials, forgedToken } from './people.ts'
import { type Procedure, procedureNamed, procedures } from './procedures.ts'

export interface HttpRequest {
  door: string
  method: string
  /** As it stands in the request line. */
  target: string
  headers: [name: string, value: string][]
  body: Buffer | null
  /** See `Asked`. */
  calls: string[]
  role: Role | null
  isMcp: boolean
  /** An answer is due: nothing more is announced than is sent. */
  isWhole: boolean
}

export interface Sender {
  role: Role
  credentials: Credentials
  /** Of a program. */
  apiKey: string
}

const verbs = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY', 'SEARCH']
const contentTypes = [
  'application/json',
  'application/json; charset=utf-8',
  'APPLICATION/JSON',
  ' application/json ',
  'application/json;charset=utf-16',
  'application/json; boundary="',
  'application/json, text/plain',
  'application/jsonl',
  'application/vnd.api+json',
  'application/octet-stream',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'multipart/form-data',
  'text/plain',
  'text/xml',
  '/',
  'x',
  ';',
  '',
]
const known = procedures.filter(({ type }) => type !== 'subscription')
const streams = procedures.filter(({ type }) => type === 'subscription')
const restful = procedures.filter(({ rest }) => rest)
const tools = toolsOf(appRouter)

/** A mebibyte is what a body may be. */
const mostBytes = 1024 * 1024 + 100

export class HttpRequests {
  readonly #random: Random
  readonly #inputs: Inputs
  readonly #known: Known
  readonly #files: readonly string[]

  /** `files`: of the page, as their addresses. */
  constructor(random: Random, known: Known, files: readonly string[]) {
    this.#random = random
    this.#inputs = new Inputs(random, known)
    this.#known = known
    this.#files = files
  }

  /** `sender` null for nobody. */
  next(sender: Sender | null): HttpRequest {
    const random = this.#random
    const made = this.#byDoor()
    const { headers, role } = this.#credential(sender, made.door === 'MCP')
    const request = { calls: [], body: null, ...made, headers: [...made.headers, ...headers], role }
    if (random.chance(0.25)) request.headers.push(this.#oddHeader())
    const isWhole = !request.headers.some(([name]) => ['content-length', 'transfer-encoding', 'expect'].includes(name))
    return { ...request, isMcp: made.door === 'MCP', isWhole }
  }

  #byDoor(): Pick<HttpRequest, 'door' | 'method' | 'target' | 'headers'> & Partial<HttpRequest> {
    const chance = this.#random.next()
    if (chance < 0.36) return this.#call()
    if (chance < 0.46) return this.#batch()
    if (chance < 0.74) return this.#rest()
    if (chance < 0.79) return this.#stream()
    if (chance < 0.87) return this.#signIn()
    if (chance < 0.93) return this.#elsewhere()
    if (chance < 0.97) return this.#mcp()
    return this.#nowhere()
  }

  #call() {
    const random = this.#random
    const { path, type, input } = random.pick(known)
    const name = random.chance(0.05) ? this.#spelled(path) : path
    const byGet = random.chance(0.1) ? type !== 'query' : type === 'query'
    const calls = name === path && (!byGet || type === 'query') ? [path] : []
    const document = this.#inputs.document(input, byGet ? 6000 : mostBytes)
    if (!byGet) {
      const query = random.chance(0.1) ? `?${this.#oddQuery()}` : ''
      // Which may make a batch or a stream of it, in forms of their own.
      return this.#posted('trpc', `/trpc/${name}${query}`, document, query ? [] : calls)
    }
    const query = random.chance(0.1) ? this.#oddQuery() : `input=${this.#inQuery(document)}`
    return { door: 'trpc', method: 'GET', target: `/trpc/${name}?${query}`, headers: [], calls }
  }

  /** Of up to thirty, of which twenty are allowed, of one type or of both. */
  #batch() {
    const random = this.#random
    const type = random.pick(['query', 'mutation'] as const)
    const all = random.chance(0.9) ? known.filter((one) => one.type === type) : known
    const picked = Array.from({ length: random.chance(0.1) ? random.between(20, 400) : random.between(1, 5) }, () =>
      random.pick(all),
    )
    const inputs = picked.map(({ input }, at) => [String(at), this.#inputs.hostile(input)])
    const odd = random.chance(0.1) ? [[nastyText(random), nastyValue(random)]] : []
    const document = random.chance(0.1)
      ? this.#inputs.document(null, 6000)
      : Buffer.from(toJson(Object.fromEntries([...inputs, ...odd])))
    const path = picked.map((one) => one.path).join(random.chance(0.9) ? ',' : random.pick([',,', '%2C', ', ', '+']))
    const target = `/trpc/${path}?batch=${random.chance(0.9) ? 1 : this.#inQuery(Buffer.from(nastyText(random)))}`
    const calls: string[] = []
    if (type === 'mutation') return this.#posted('trpc batch', target, document, calls)
    const headers: [string, string][] = random.chance(0.1) ? [['trpc-accept', 'application/jsonl']] : []
    return { door: 'trpc batch', method: 'GET', target: `${target}&input=${this.#inQuery(document)}`, headers, calls }
  }

  #rest() {
    const random = this.#random
    const { path, rest, input } = random.pick(restful) as Procedure & { rest: NonNullable<Procedure['rest']> }
    const value = this.#inputs.hostile(input)
    const fields = typeof value === 'object' && value !== null ? Object.entries(value) : []
    const right = this.#inputs.valid(input) as Record<string, unknown> | undefined
    const target = rest.path.replaceAll(/\{(.*?)\}/g, (_, field) => {
      const given = random.chance(0.7) ? String(right?.[field]) : nastyText(random)
      return inPath(random, given.slice(0, 3000))
    })
    const method = random.chance(0.92) ? rest.method : random.pick(verbs)
    const calls = method === rest.method ? [path] : []
    const asQuery = () =>
      fields.map(([name, one]) => `${this.#inQuery(Buffer.from(name))}=${this.#inQuery(Buffer.from(textOf(one)))}`)
    if (method === 'GET' || method === 'HEAD') {
      const query = random.chance(0.1) ? this.#oddQuery() : asQuery().join('&').slice(0, 12_000)
      return { door: 'REST', method, target: query ? `${target}?${query}` : target, headers: [], calls }
    }
    const query = random.chance(0.1) ? `?${asQuery().join('&').slice(0, 6000)}` : ''
    const document = random.chance(0.7) ? Buffer.from(toJson(value)) : this.#inputs.document(input, mostBytes)
    return { ...this.#posted('REST', target + query, document, calls), method }
  }

  #stream() {
    const random = this.#random
    const { path, input } = random.pick(streams)
    const headers: [string, string][] = random.chance(0.8) ? [['accept', 'text/event-stream']] : []
    if (random.chance(0.2)) headers.push(['last-event-id', headerText(nastyText(random)) || '0'])
    const query = random.chance(0.1)
      ? this.#oddQuery()
      : `input=${this.#inQuery(this.#inputs.document(input, 6000))}${random.chance(0.1) ? '&connectionParams={"a":"b"}' : ''}`
    return { door: 'stream', method: 'GET', target: `/trpc/${path}?${query}`, headers, calls: [path] }
  }

  /** Calls of tools, and what clients of the protocol never say. */
  #mcp() {
    const random = this.#random
    const { path, definition } = random.pick(tools)
    const { input } = procedureNamed(path) as Procedure
    const call = { name: definition.name, arguments: this.#inputs.hostile(input) }
    const params = random.chance(0.7)
      ? call
      : random.chance(0.5)
        ? { ...call, name: nastyText(random) }
        : nastyValue(random)
    const message = { jsonrpc: '2.0', id: random.chance(0.9) ? 1 : nastyValue(random), method: 'tools/call', params }
    const methods = ['tools/list', 'initialize', 'ping', 'resources/list', 'notifications/cancelled', nastyText(random)]
    const said = random.chance(0.8) ? message : { ...message, method: random.pick(methods) }
    const document = random.chance(0.9) ? Buffer.from(toJson(said)) : this.#inputs.document(null, mostBytes)
    const request = this.#posted('MCP', '/mcp', document, [])
    request.headers.push(['accept', 'application/json, text/event-stream'])
    if (random.chance(0.3)) {
      const value = headerText(nastyText(random).slice(0, 500))
      request.headers.push([random.pick(['mcp-protocol-version', 'mcp-method', 'mcp-name', 'mcp-session-id']), value])
    }
    return random.chance(0.97) ? request : { ...request, method: random.pick(verbs) }
  }

  #signIn() {
    const random = this.#random
    const text = () => this.#inQuery(Buffer.from(nastyText(random)))
    const word = () => (random.chance(0.5) ? text() : this.#inQuery(Buffer.from(secretText(random))))
    const named = (...names: string[]) => {
      const given = names.filter(() => random.chance(0.8))
      if (random.chance(0.1)) given.push(...given)
      return given.map((name) => `${name}=${word()}`).join('&')
    }
    const target = random.pick([
      // Where to go is no secret, and comes back.
      () => `/auth/google?returnTo=${text()}&demo=${text()}`,
      () => `/auth/google?returnTo=${text()}`,
      () => `/auth/google/callback?${named('code', 'state', 'iss', 'error', 'error_description', 'scope')}`,
      () => `/auth/google/callback?code=${word()}&state=${'0'.repeat(22)}.${word()}`,
      () => `/auth/google/callback`,
    ])()
    if (random.chance(0.85)) return { door: 'sign-in', method: 'GET', target, headers: [], calls: [] }
    const out = random.pick(['/auth/logout', target])
    return this.#posted('sign-in', out, this.#inputs.document(null, 2000), [])
  }

  /** Files, pages, and what operators ask for. */
  #elsewhere() {
    const random = this.#random
    const id = () => inPath(random, nastyText(random).slice(0, 2000))
    const path = random.pick([
      () => random.pick(this.#files),
      () => `${random.pick(this.#files)}${random.pick(['.gz', '.br', '/', '%00', '%2e%2e', '~', '::$DATA', '?v=1'])}`,
      () => `/assets/${id()}`,
      () => `/${'../'.repeat(random.between(1, 8))}package.json`,
      () => `/assets/..%2f..%2f..%2f${random.pick(['package.json', 'dist/main.js', '.env'])}`,
      () => `/%2e%2e/%2e%2e/${random.pick(['package.json', 'etc/passwd'])}`,
      () => `/${id()}`,
      () => '/dev/mail',
      () => `/dev/mail/${id()}`,
      () => `/dev/mail/${id()}/html`,
      () => '/metrics',
      () => '/health',
      () => '/readyz',
      () => '/livez',
      () => '/me',
      () => '/api/docs',
      () => '/api/openapi.json',
      () => '/sign-in',
    ])()
    const headers: [string, string][] = []
    if (random.chance(0.3)) {
      headers.push(
        random.pick([
          [
            'range',
            random.pick(['bytes=0-0', 'bytes=-1', 'bytes=9999999999999999999-', 'bytes=0-1,2-3', 'bytes=5-1', 'x=1']),
          ],
          ['if-none-match', random.pick(['*', 'W/"x"', `"${'x'.repeat(5000)}"`, ','])],
          ['if-modified-since', random.pick(['x', 'Thu, 01 Jan 1970 00:00:00 GMT', '+275760-09-13T00:00:00Z'])],
          ['if-match', '"x"'],
          ['if-unmodified-since', 'Thu, 01 Jan 1970 00:00:00 GMT'],
          ['accept-encoding', random.pick(['br;q=x', '*', 'gzip, '.repeat(500), 'identity;q=0', ''])],
        ]),
      )
    }
    const method = random.chance(0.85) ? random.pick(['GET', 'HEAD']) : random.pick(verbs)
    return { door: 'elsewhere', method, target: path || '/', headers, calls: [] }
  }

  #nowhere() {
    const random = this.#random
    const name = random.chance(0.5)
      ? this.#spelled(random.pick(procedures).path)
      : inPath(random, nastyText(random).slice(0, 4000))
    const at = random.pick([
      '/trpc/',
      '/trpc//',
      '/TRPC/',
      '/api/v1/',
      '/api/',
      '/v1/collab/',
      '/v1/ws/drafts/',
      '/auth/',
      '//',
    ])
    const method = random.pick(verbs)
    if (method === 'GET' || method === 'HEAD' || random.chance(0.5)) {
      return { door: 'nowhere', method, target: at + name, headers: [], calls: [] }
    }
    return { ...this.#posted('nowhere', at + name, this.#inputs.document(null, mostBytes), []), method }
  }

  #posted(door: string, target: string, body: Buffer, calls: string[]) {
    const random = this.#random
    const type = random.chance(0.9) ? 'application/json' : random.pick([...contentTypes, null])
    const headers: [string, string][] = type === null ? [] : [['content-type', type]]
    if (random.chance(0.03)) headers.push(['content-encoding', random.pick(['gzip', 'br', 'deflate', 'x', 'identity'])])
    if (random.chance(0.1)) headers.push(['idempotency-key', headerText(nastyText(random).slice(0, 400)) || 'k'])
    return { door, method: 'POST', target, headers, body, calls }
  }

  /** The same name as some parser or eye reads it, or what every object has. */
  #spelled(path: string): string {
    return this.#random.pick([
      () => path.toUpperCase(),
      () => `${path}.`,
      () => `.${path}`,
      () => path.replace('.', '..'),
      () => path.replace('.', '%2e'),
      () => path.replace('.', '/'),
      () => path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
      () => `${path}%00`,
      () => `${path}/`,
      () => `${path};a=b`,
      () => `__proto__.${path}`,
      () => `${path}.__proto__`,
      () => 'constructor',
      () => 'account.constructor',
      () => 'account',
      () => `${'a.'.repeat(2000)}a`,
    ])()
  }

  #inQuery(bytes: Buffer): string {
    const random = this.#random
    const most = bytes.subarray(0, 12_000)
    if (random.chance(0.9)) return encodeURIComponent(most.toString())
    return (
      escaped(most, random.chance(0.5) ? /[\x21-\x7e]/ : /[A-Za-z]/) +
      random.pick(['', '%', '%zz', '%c0%80', '%u0041', '+'])
    )
  }

  #oddQuery(): string {
    const random = this.#random
    const input = this.#inQuery(Buffer.from(nastyText(random)))
    return random.pick([
      () => `input=${input}&input=${input}`,
      () => `input[0]=${input}`,
      () => `input`,
      () => `=${input}`,
      () => '&&&&==&?',
      () => `batch=1&batch=1`,
      () => `__proto__[a]=1&constructor.prototype.a=1&__proto__=1`,
      () => Array.from({ length: 1000 }, (_, at) => `a${at}=`).join('&'),
      () => `plinth-person=${input}&input=%7B%7D`,
      () => `input=%7B%7D#${input}`,
    ])()
  }

  #oddHeader(): [string, string] {
    const random = this.#random
    const text = headerText(nastyText(random).slice(0, 3000)) || 'x'
    return random.pick<[string, string]>([
      ['accept', random.pick(['*/*', 'application/jsonl', 'text/html', 'text/event-stream', ', ,', text])],
      ['trpc-accept', random.pick(['application/jsonl', 'x'])],
      ['x-trpc-source', text],
      ['plinth-person', text],
      ['x-user-id', text],
      ['x-legacy-secret', secretText(random).replaceAll(/[^\x21-\x7e]/g, '')],
      ['x-forwarded-for', random.pick(['1.2.3.4', '::1', 'unknown', text, '1.1.1.1, '.repeat(300)])],
      ['x-forwarded-host', 'evil.example'],
      ['x-forwarded-proto', 'https'],
      ['forwarded', 'for=1;host=evil.example;proto=https'],
      ['x-request-id', text],
      ['x-http-method-override', 'DELETE'],
      ['x-original-url', '/people'],
      ['referer', `http://evil.example/${marks.text}`],
      ['user-agent', text],
      ['accept-language', text],
      ['expect', random.pick(['100-continue', 'x'])],
      ['sec-fetch-site', random.pick(['same-origin', 'cross-site', 'none', text])],
      ['origin', random.pick(['null', 'https://evil.example', `${publicUrl}.evil.example`, publicUrl, text])],
      ['access-control-request-method', 'POST'],
      ['access-control-request-headers', text],
      ['host', random.pick(['evil.example', '127.0.0.1:8000', 'localhost:8000@evil.example', '[', 'a b', ''])],
      ['cookie', `plinth_refresh=${text}; __Host-plinth_session=${text}`],
      ['idempotency-key', text],
      ['upgrade', random.pick(['h2c', 'websocket', 'TLS/1.0'])],
      ['transfer-encoding', 'chunked'],
      ['content-length', random.pick(['0', '5', '99999999'])],
      ['te', 'trailers'],
      ['trailer', 'x'],
    ])
  }

  #credential(sender: Sender | null, isMcp: boolean): { headers: [string, string][]; role: Role | null } {
    const random = this.#random
    const none: [string, string][] = random.chance(0.5) ? [['origin', publicUrl]] : []
    if (!sender) {
      const forged: [string, string][] = random.chance(0.5) ? [] : [this.#forged()]
      return { headers: [...none, ...forged], role: null }
    }
    const { cookie, bearer } = sender.credentials
    const good: [string, string][] = [
      ['cookie', cookie],
      ['origin', publicUrl],
      ...(bearer ? [['authorization', `Bearer ${bearer}`] as [string, string]] : []),
    ]
    // At the door of tools a cookie counts for nothing.
    if (isMcp && random.chance(0.9))
      return { headers: [['authorization', `Bearer ${sender.apiKey}`]], role: sender.role }
    const headers: [string, string][] = random.chance(0.9)
      ? good
      : random.pick<() => [string, string][]>([
          () => [['authorization', `Bearer ${sender.apiKey}`]],
          () => [['authorization', `Bearer ${sender.apiKey}`], ...good.filter(([name]) => name !== 'authorization')],
          () => good.filter(([name]) => name !== 'origin'),
          () => [...good, this.#forged()],
          () => [this.#forged(), ...good],
          () => [...good, ['cookie', cookie]],
          () => [
            ['cookie', `${cookie}; ${cookie}`],
            ['origin', publicUrl],
          ],
          () => [
            ['cookie', `x=${'y'.repeat(7000)}; ${cookie}`],
            ['origin', publicUrl],
          ],
          () => [
            ['cookie', cookie.slice(0, -1)],
            ['origin', publicUrl],
          ],
          () => [
            ['cookie', cookie],
            ['origin', 'https://evil.example'],
          ],
        ])()
    return { headers, role: sender.role }
  }

  #forged(): [string, string] {
    const random = this.#random
    const secret = secretText(random)
      .replaceAll(/[^\x21-\x7e]/g, '')
      .slice(0, 5000)
    return random.pick<[string, string]>([
      ['authorization', `Bearer ${forgedToken}`],
      ['authorization', `Bearer ${secret}`],
      ['authorization', `Bearer plinth_key_${secret}`],
      ['authorization', `Bearer ${`${secret}.`.repeat(3)}`],
      ['authorization', `Bearer  ${secret} x`],
      ['authorization', `Basic ${secret}`],
      ['authorization', headerText(nastyText(random).slice(0, 3000))],
      ['authorization', `Bearer ${marks.secret}${'A'.repeat(9000)}`],
      ['cookie', `plinth_session=${secret}`],
      ['cookie', `plinth_session=${secret}; plinth_session=${secret}x`],
      ['cookie', `plinth_session="${secret}"; =; ;;; __proto__=x; constructor=x; %=%; plinth_refresh=${secret}`],
      ['cookie', `plinth_refresh=${secret}`],
      ['cookie', `plinth_session=${'%'.repeat(2000)}${secret}`],
      ['cookie', Array.from({ length: 300 }, (_, at) => `c${at}=${at}`).join('; ')],
      ['x-user-id', random.pick([...this.#known.emails, ...Object.values(this.#known.ids).flat()])],
    ])
  }
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : toJson(value))

/** What a header line can hold: no control characters but the tab, and bytes above ASCII as they are. */
const headerText = (text: string) =>
  Buffer.from(text.slice(0, 8000))
    .toString('latin1')
    .replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '')

/** A segment of a path: spelled as it should be, or as it should not. */
function inPath(random: Random, text: string): string {
  const bytes = Buffer.from(text)
  return random.chance(0.7) ? escaped(bytes, /[\w.~-]/) : escaped(bytes, /[\x21-\x22\x24-\x7e\x80-\xff]/)
}

const escaped = (bytes: Buffer, plain: RegExp) =>
  Array.from(bytes, (byte) => {
    const sign = String.fromCharCode(byte)
    return plain.test(sign) ? sign : `%${byte.toString(16).padStart(2, '0')}`
  }).join('')
