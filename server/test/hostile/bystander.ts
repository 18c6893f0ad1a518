/**
 * An ordinary person who is there all along: writes in a draft of their own, follows it by every transport, and must notice nothing of
 * what goes on around them. Followers do not resume: a cut would show as what is missing.
 */
import { createTRPCClient, createWSClient, httpSubscriptionLink, wsLink } from '@trpc/client'
import { v7 } from 'uuid'
import WebSocket from 'ws'
import { FetchEventSource } from '../../../client/event-source.ts'
import { createPlinth, errorCode, type Plinth } from '../../../client/plinth.ts'
import type { AppRouter } from '../../router.ts'
import { until } from '../until.ts'
import { type Credentials, headersOf } from './people.ts'

type Message = { data: { type: string; seq?: number } }

export class Bystander {
  readonly draftId: string
  readonly troubles: string[] = []
  readonly #plinth: Plinth
  readonly #headers: Record<string, string>
  readonly #url: string
  readonly #segmentIds: string[] = []
  /** By transport, the numbers in the order in which they came. */
  readonly #given: Record<string, number[]> = {}
  readonly #ends: (() => unknown)[] = []
  #calls = 0

  static async come(url: string, credentials: Credentials): Promise<Bystander> {
    const headers = headersOf(credentials)
    const plinth = createPlinth({ url, headers })
    const { id } = await plinth.drafts.create.mutate({ title: 'Minutes' })
    const bystander = new Bystander(url, headers, plinth, id)
    bystander.#follow()
    await until('the bystander follows', () => Object.keys(bystander.#given).length === 3)
    return bystander
  }

  private constructor(url: string, headers: Record<string, string>, plinth: Plinth, draftId: string) {
    this.#url = url
    this.#headers = headers
    this.#plinth = plinth
    this.draftId = draftId
  }

  get calls(): number {
    return this.#calls
  }

  /** That are open for as long as they are here. */
  get connections(): number {
    return Object.keys(this.#given).length
  }

  /** What anybody does, each of which must work. */
  async act(): Promise<void> {
    const segmentId = v7()
    try {
      await this.#plinth.drafts.append.mutate({ draftId: this.draftId, segmentId, text: `As was said: ${segmentId}` })
      this.#segmentIds.push(segmentId)
      await this.#plinth.account.me.query()
      await this.#plinth.drafts.list.query()
      this.#calls += 3
    } catch (error) {
      this.troubles.push(`the bystander was answered ${errorCode(error)}: ${error}`)
    }
  }

  /** Compares what they wrote, what is stored and what each follower was given. */
  async look(): Promise<void> {
    const { segments, title, state } = await this.#plinth.drafts.get.query({ draftId: this.draftId })
    const stored = segments.map(({ id }) => id)
    if (JSON.stringify(stored) !== JSON.stringify(this.#segmentIds) || title !== 'Minutes' || state !== 'open') {
      this.troubles.push(`the bystander's draft is not what they wrote: ${stored.length} of ${this.#segmentIds.length}`)
    }
    const expected = JSON.stringify(stored.map((_, at) => at + 1))
    for (const [transport, seqs] of Object.entries(this.#given)) {
      await until('the last events', () => seqs.length >= stored.length).catch(() => {})
      if (JSON.stringify(seqs) !== expected) {
        this.troubles.push(
          `the bystander's ${transport} was given ${seqs.length} of ${stored.length} events, or not in order`,
        )
      }
    }
  }

  leave(): void {
    for (const end of this.#ends) end()
    this.#plinth.close()
  }

  #follow(): void {
    const { draftId } = this
    const headers = this.#headers
    const socketUrl = this.#url.replace(/^http/, 'ws')
    class WithHeaders extends WebSocket {
      constructor(to: string) {
        super(to, { headers })
      }
    }
    const socket = createWSClient({
      url: `${socketUrl}/trpc`,
      WebSocket: WithHeaders as never,
      retryDelayMs: () => 500,
    })
    const bySocket = createTRPCClient<AppRouter>({ links: [wsLink({ client: socket })] })
    const byEvents = createTRPCClient<AppRouter>({
      links: [
        httpSubscriptionLink<AppRouter, typeof FetchEventSource>({
          url: `${this.#url}/trpc`,
          EventSource: FetchEventSource,
          eventSourceOptions: { headers },
        }),
      ],
    })
    const subscriptions = { WebSocket: bySocket, 'event stream': byEvents }
    for (const [transport, trpc] of Object.entries(subscriptions)) {
      const subscription = trpc.drafts.onEvent.subscribe({ draftId }, this.#handlers(transport))
      this.#ends.push(() => subscription.unsubscribe())
    }
    this.#ends.push(() => socket.close())

    const plain = new WebSocket(`${socketUrl}/v1/ws/drafts/${draftId}`, { headers })
    const { onData, onError } = this.#handlers('plain socket')
    plain.on('message', (text) => onData({ data: JSON.parse(String(text)) }))
    plain.on('error', onError)
    let leaving = false
    plain.on('close', (code) => !leaving && onError(new Error(`closed with ${code}`)))
    this.#ends.push(() => {
      leaving = true
      plain.terminate()
    })
  }

  #handlers(transport: string) {
    return {
      onData: ({ data: { type, seq } }: Message) => {
        const before = this.#given[transport]
        if (type !== 'ready') before?.push(seq as number)
        else if (before) this.troubles.push(`the bystander's ${transport} was cut and came back`)
        else this.#given[transport] = []
      },
      onError: (error: unknown) => void this.troubles.push(`the bystander's ${transport} ended: ${error}`),
    }
  }
}
