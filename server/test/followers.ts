/** Drafts with people in them, and readers of their channels that note all they are sent. */
import { createTRPCClient, createWSClient, httpSubscriptionLink, wsLink } from '@trpc/client'
import { eq } from 'drizzle-orm'
import { expect } from 'vitest'
import { FetchEventSource } from '../../client/event-source.ts'
import type { DraftEvent, DraftSummary } from '../../shared/drafts.ts'
import type { DriftSummary, ReportDrift } from '../../shared/drifts.ts'
import { draftChannel } from '../features/drafts/service.ts'
import { newId } from '../platform/db/columns.ts'
import { users } from '../platform/identity/table.ts'
import { publish } from '../platform/live/publish.ts'
import type { AppRouter } from '../router.ts'
import { publicUrl, type TestApp } from './app.ts'
import type { TestBrowser } from './browser.ts'

type Message = { id: string; data: DraftEvent | { type: 'ready' } | { type: 'resync' } }

/** What one subscription was sent. */
export class Log {
  readonly messages: Message[] = []
  readonly errors: unknown[] = []
  started = 0
  completed = false

  /** To spread into the options of `subscribe`. */
  readonly handlers = {
    onStarted: () => void this.started++,
    onData: (message: Message) => void this.messages.push(message),
    onError: (error: unknown) => void this.errors.push(error),
    onComplete: () => {
      this.completed = true
    },
  }

  get types(): string[] {
    return this.messages.map(({ data }) => data.type)
  }

  get seqs(): number[] {
    return this.messages.flatMap(({ data }) => ('seq' in data ? [data.seq] : []))
  }

  get cursor(): string {
    return this.messages.at(-1)?.id ?? expect.unreachable('no message')
  }
}

const headersOf = ({ cookieHeader: cookie }: TestBrowser) => ({ cookie, origin: publicUrl })

/** As tRPC's documentation has it; none of our client in it. */
export function plainSocketClient(url: string, browser: TestBrowser) {
  class WithHeaders extends WebSocket {
    constructor(to: string | URL) {
      super(to, { headers: headersOf(browser) } as never)
    }
  }
  const socket = createWSClient({
    url: `${url.replace(/^http/, 'ws')}/trpc`,
    WebSocket: WithHeaders,
    retryDelayMs: () => 20,
  })
  return { trpc: createTRPCClient<AppRouter>({ links: [wsLink({ client: socket })] }), close: () => socket.close() }
}

export function plainEventsClient(url: string, browser: TestBrowser) {
  const link = httpSubscriptionLink<AppRouter, typeof FetchEventSource>({
    url: `${url}/trpc`,
    EventSource: FetchEventSource,
    eventSourceOptions: { headers: headersOf(browser) },
  })
  return createTRPCClient<AppRouter>({ links: [link] })
}

export const signedIn = (app: TestApp) => app.enter()

/** A draft of `owner`, and how to make events in it without asking anybody. */
export async function draftOf(app: TestApp, owner: { browser: TestBrowser; id: string }) {
  const made = await owner.browser.mutate('drafts.create', { title: 'Plan' })
  const { id } = made.json().result.data as DraftSummary
  const channel = draftChannel(id)
  const tell = async (title = 'x', at = app) => {
    await publish(at.database.db, channel, { type: 'draft.updated', actorId: owner.id, title, state: 'open' })
    // PGlite answers without ever leaving the turn, and who writes in a loop would let nobody else run.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { id, channel, tell }
}

/** Somebody who decides on drifts, and reports some. */
export async function engineer(app: TestApp) {
  const person = await signedIn(app)
  await app.database.db.update(users).set({ role: 'engineer' }).where(eq(users.id, person.id))
  app.sessions.announceChanged(person.id)
  return person
}

/** What a detector says of a drift; of one that nobody knows yet, unless it has a name. */
export const reportOf = (changed: Partial<ReportDrift> = {}): ReportDrift => ({
  externalId: newId(),
  resource: { type: 'security_group', id: 'web', provider: 'aws', region: 'eu-central-1' },
  severity: 'medium',
  expected: { ingress: ['443/tcp'] },
  actual: { ingress: ['443/tcp', '22/tcp'] },
  ...changed,
})

/** A pending drift. */
export async function driftOf({ browser }: { browser: TestBrowser }, changed?: Partial<ReportDrift>) {
  const reported = await browser.mutate('drifts.report', reportOf(changed))
  return reported.json().result.data as DriftSummary
}

export const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
