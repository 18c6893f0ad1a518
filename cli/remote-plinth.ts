/**
 * Plinth at a server that runs, over HTTP: by `--url` with a token of somebody's, or as the operator at the server that has the embedded
 * database open on this machine, by the file that it keeps beside it.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { PlinthError, toPlinthError } from '../client/errors.ts'
import { createPlinth, type Plinth } from '../client/plinth.ts'
import { isLoopback } from '../server/platform/config/config.ts'
import { type OperatorFile, readOperatorFile } from '../server/platform/identity/operator-file.ts'
import type { Access } from '../server/platform/rest/rest-route.ts'
import { appRouter } from '../server/router.ts'
import type { ProcedureMeta } from '../server/trpc.ts'
import { roles } from '../shared/account.ts'
import { capabilities, hasCapability } from '../shared/capabilities.ts'
import type { ChannelEvent } from '../shared/channels.ts'
import { errorTable } from '../shared/errors.ts'
import { exitCodes, Refusal } from './command.ts'
import type { Following, OpenPlinth, Procedures } from './open-plinth.ts'

/** As long as an embedded database may take to open. */
const readyWithinMs = 30_000
const lookEveryMs = 250

/** @throws Refusal */
export function openPlinthByUrl(text: string, token: string | undefined): OpenPlinth {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`) {
    throw new Refusal('--url is the origin of a server and nothing more: https://app.example.com', exitCodes.usage)
  }
  if (url.protocol === 'http:' && !isLoopback(url)) {
    throw new Refusal(
      'Over plain http others on the network could read the token: --url must begin with https://',
      exitCodes.usage,
    )
  }
  if (!token) {
    throw new Refusal(
      'PLINTH_TOKEN is not set. With --url, set it to an API key of a user who may do this, or to an access token. Never pass either on the command line.',
      exitCodes.config,
    )
  }
  const client = createPlinth({ url: url.origin, token })
  return {
    call: proceduresOf(client, (error, access) => inWordsOf(url.origin, error, access)),
    isAlone: false,
    // The procedure refuses everybody but the operator.
    follow: (following, signal) => followOnce(client, following, signal),
    close: async () => client.close(),
  }
}

function inWordsOf(origin: string, error: PlinthError, access: Access | undefined): Error {
  const { code, details, requestId } = error
  const say = (message: string) => new PlinthError(code, message, details, requestId)
  if (code === 'NETWORK_ERROR') {
    return say(`Nothing answers at ${origin}. Check the address, that the server runs, and its certificate.`)
  }
  if (code === 'ORIGIN_NOT_ALLOWED') return say('The server goes by another address: --url must be its PUBLIC_URL.')
  if ((code === 'FORBIDDEN' || code === 'API_KEY_REFUSED') && access === 'operator') {
    return say('Only the operator may do this: run it on the machine of the server, without --url.')
  }
  if (code === 'API_KEY_REFUSED') {
    return say(
      'No API key may do this, whatever its scopes. Put an access token of a user who has just signed in into PLINTH_TOKEN, use the administration pages, or run it on the machine of the server, without --url.',
    )
  }
  if (code === 'REAUTHENTICATION_REQUIRED') {
    return say(
      'The sign-in that PLINTH_TOKEN comes from is older than ten minutes. Sign in again for another access token, use the administration pages, or run it on the machine of the server, without --url.',
    )
  }
  if (code === 'FORBIDDEN') {
    return say(`The server knows whose PLINTH_TOKEN is, and they may not do this. It takes ${whoMay(access)}.`)
  }
  if (errorTable[code].status === 401) {
    return say(
      'The server does not take PLINTH_TOKEN: it is wrong or has run out. Access tokens last 15 minutes, API keys as long as they were made for.',
    )
  }
  return error
}

function whoMay(access: Access | undefined): string {
  const capability = capabilities.find((one) => one === access)
  const least = roles.find((role) => capability && hasCapability(role, capability))
  return least === undefined || least === 'admin' ? 'an administrator' : `a user whose role is ${least}`
}

/** At the server that has `folder` open. @throws Refusal when it does not get ready */
export async function openPlinthOfFolder(folder: string): Promise<OpenPlinth> {
  let file = readOperatorFile(folder)
  if (file === null) throw stopped()
  await untilReady(file)
  let client = clientOf(file)
  return {
    call: proceduresOf(client, (error) =>
      error.code === 'NETWORK_ERROR' || errorTable[error.code].status === 401 ? stopped() : error,
    ),
    isAlone: false,
    async follow({ after, ...following }, signal) {
      let last = after
      const noted: Omit<Following, 'after'> = {
        ...following,
        onEvent(event, cursor) {
          last = cursor
          following.onEvent(event, cursor)
        },
        onResync(cursor) {
          last = cursor
          following.onResync(cursor)
        },
      }
      while (!signal.aborted) {
        // The next server on this folder has another token, and perhaps another port.
        const used = file?.token
        const replaced = new AbortController()
        const look = setInterval(() => {
          if (tokenOf(folder) !== used) replaced.abort()
        }, lookEveryMs)
        const isOver = AbortSignal.any([signal, replaced.signal])
        try {
          await followOnce(client, { ...noted, after: last }, isOver)
        } catch (error) {
          const { code } = toPlinthError(error)
          const isRefused = code !== 'NETWORK_ERROR' && errorTable[code].status === 401
          if (!isRefused && !replaced.signal.aborted) throw error
        } finally {
          clearInterval(look)
        }
        if (signal.aborted) return
        following.onLive(false)
        file = await nextFile(folder, used, signal)
        if (file === null) return
        client.close()
        client = clientOf(file)
      }
    },
    close: async () => client.close(),
  }
}

const clientOf = ({ url, origin, token }: OperatorFile) => createPlinth({ url, token, headers: { origin } })

const stopped = () =>
  new Refusal('The server that has the database open is just stopping or starting. Try again.', exitCodes.unavailable)

/** What is wrong with the file is for whoever reads it next to say. */
function tokenOf(folder: string): string | undefined {
  try {
    return readOperatorFile(folder)?.token
  } catch {
    return undefined
  }
}

/** Null where `signal` came first. */
async function nextFile(folder: string, used: string | undefined, signal: AbortSignal): Promise<OperatorFile | null> {
  while (!signal.aborted) {
    const file = readOperatorFile(folder)
    if (file !== null && file.token !== used) return file
    await delay(lookEveryMs, undefined, { signal }).catch(() => {})
  }
  return null
}

async function untilReady({ url }: OperatorFile): Promise<void> {
  for (const deadline = performance.now() + readyWithinMs; performance.now() < deadline; await delay(100)) {
    const signal = AbortSignal.timeout(2000)
    const isReady = await fetch(`${url}/readyz`, { signal }).then(
      ({ ok }) => ok,
      () => null,
    )
    if (isReady) return
    if (isReady === null) throw stopped()
  }
  throw new Refusal('The server that has the database open does not get ready. Look at its log.', exitCodes.unavailable)
}

/** One shape with `createCaller`: which procedures are queries, the router itself says. */
function proceduresOf(client: Plinth, inWords: (error: PlinthError, access: Access | undefined) => Error): Procedures {
  type Procedure = { _def: { type: string; meta?: ProcedureMeta } }
  const procedures = appRouter._def.procedures as unknown as Record<string, Procedure | undefined>
  const at = (names: string[]): unknown =>
    new Proxy(() => {}, {
      get: (_target, name) => (typeof name === 'string' && name !== 'then' ? at([...names, name]) : undefined),
      async apply(_target, _this, [input]) {
        const { type, meta } = procedures[names.join('.')]?._def ?? {}
        const verb = type === 'query' ? 'query' : 'mutate'
        let procedure = client as unknown as Record<string, unknown>
        for (const name of names) procedure = procedure[name] as Record<string, unknown>
        try {
          return await (procedure[verb] as (input: unknown) => Promise<unknown>)(input)
        } catch (error) {
          throw inWords(toPlinthError(error), meta?.access)
        }
      },
    })
  return at([]) as Procedures
}

/** By a feed, which resumes from its cursor. Until `signal`. @throws PlinthError when the server refuses it */
async function followOnce(
  client: Plinth,
  { channel, after, onEvent, onResync, onLive }: Following,
  signal: AbortSignal,
): Promise<void> {
  const over = Promise.withResolvers<void>()
  const isKnown = /:/.test(after ?? '')
  let epoch: string | null = null
  const present = () => client.channels.get.query({ channel })
  const feed = client.live<{ cursor: string }, ChannelEvent>({
    async snapshot() {
      if (epoch !== null) return present()
      if (after !== undefined && isKnown) return { cursor: after }
      const { cursor } = await present()
      return { cursor: after === undefined ? cursor : `${epochOf(cursor)}:${after}:-` }
    },
    onSnapshot({ cursor }) {
      const isAgain = epoch !== null
      epoch = epochOf(cursor)
      if (isAgain) onResync(cursor)
    },
    onEvent,
    follow: (lastEventId, handlers, transport) =>
      client.channels.onEvent.subscribe({ channel, lastEventId }, { ...handlers, context: { transport } } as never),
    // Only whether the server answers: what is read is recorded, and so not read in passing.
    poll: async (lastEventId) => {
      await present()
      return { events: [], cursor: lastEventId, resync: false }
    },
    transports: ['websocket', 'sse'],
    // Whoever ends it knows.
    onState: (state) => state !== 'ended' && onLive(state === 'live'),
    onError: over.reject,
  })
  const stop = () => over.resolve()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    await over.promise
  } finally {
    signal.removeEventListener('abort', stop)
    feed.close()
  }
}

const epochOf = (cursor: string) => cursor.slice(0, cursor.indexOf(':'))
