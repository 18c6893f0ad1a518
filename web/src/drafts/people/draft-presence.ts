/**
 * Who looks at the draft while it is followed, and the word that its reader writes. Both are hints: what fails is left, and
 * nothing waits for it.
 */
import { Pause } from '../../../../client/pause.ts'
import type { Present } from '../../../../shared/presence.ts'
import { Store } from '../../live/store.ts'
import { lookAgain, plinth } from '../../plinth.ts'

const tellEveryMs = 3000
/** Of a connection that is away for less nothing is seen. */
const hiccupMs = 3000
/** Before it is asked again after a failure; each time twice as long. */
const firstPauseMs = 5000
const longestPauseMs = 60_000
const nobody: readonly Present[] = []

export class DraftPresence extends Store<{ others: readonly Present[] }> {
  readonly #draftId: string
  readonly #myId: string
  #forgetting: ReturnType<typeof setTimeout> | undefined
  /** When the server was last told of writing; null when it was told of its end. */
  #toldAt: number | null = null

  constructor(draftId: string, myId: string) {
    super({ others: nobody })
    this.#draftId = draftId
    this.#myId = myId
  }

  /** Being here. Returns how to leave. */
  follow(transport: 'websocket' | 'sse'): () => void {
    let stop = () => {}
    let isOver = false
    let pauseMs = firstPauseMs
    const begin = () => {
      if (isOver) return
      const following = plinth.drafts.onPresence.subscribe(
        { draftId: this.#draftId },
        {
          // Without a transport named, the socket, and again after whatever breaks it.
          ...(transport === 'sse' && { context: { transport, hint: true } }),
          onData: (present) => {
            pauseMs = firstPauseMs
            clearTimeout(this.#forgetting)
            this.become({ others: present.filter(({ person }) => person.id !== this.#myId) })
          },
          onError: () => {
            this.#forget()
            const pause = new Pause(pauseMs)
            pauseMs = Math.min(pauseMs * 2, longestPauseMs)
            stop = pause.end
            void pause.over.then(begin)
          },
        },
      )
      stop = () => following.unsubscribe()
    }
    begin()
    return () => {
      isOver = true
      stop()
      this.#forget()
    }
  }

  /** At each stroke; sent when somebody is there to see it, every few seconds at most. */
  tellWriting(writing: boolean) {
    const now = performance.now()
    if (writing) {
      if (this.now().others.length === 0 || (this.#toldAt !== null && now - this.#toldAt < tellEveryMs)) return
    } else if (this.#toldAt === null) return
    this.#toldAt = writing ? now : null
    plinth.drafts.writing.mutate({ draftId: this.#draftId, writing }, { context: { hint: true } }).catch(lookAgain)
  }

  #forget() {
    clearTimeout(this.#forgetting)
    this.#forgetting = setTimeout(() => this.become({ others: nobody }), hiccupMs)
  }
}
