/**
 * Connections that repeat one request each, the next as soon as its answer is complete. Answers are counted and not parsed, but for
 * where they end, so that reading costs little, and the same whichever server writes.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** 200, 201 and 204. */
const good = Buffer.from('HTTP/1.1 20')
const noContent = Buffer.from('HTTP/1.1 204')
const endOfHead = '\r\n\r\n'
const endOfChunks = '0\r\n\r\n'

/** The same request each time, or what makes the next one. */
export type Repeated = Buffer | (() => Buffer)

export interface Load {
  begin(): void
  /** From a request to the end of its answer, of each so far. */
  readonly tookMs: number[]
  /** Resolves with the number of answers when the last one is complete. @throws where one was a failure */
  end(): Promise<number>
}

/** One for each of `requests`. @throws where the first response to one is a failure, or does not contain `mark` */
export async function openConnections(port: number, requests: readonly Repeated[], mark: string): Promise<Load> {
  let [answered, goesOn] = [0, true]
  const tookMs: number[] = []
  const opened = await Promise.all(
    requests.map(async (request) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      await once(socket, 'connect')
      await checkAnswer(socket, request, mark)
      return { socket, request, sentMs: 0 }
    }),
  )
  const done = opened.map(
    (connection) =>
      new Promise<void>((resolve, reject) => {
        const { socket } = connection
        let begun: Buffer | null = null
        socket.once('error', reject)
        socket.on('data', (chunk: Buffer) => {
          const answer = begun ? Buffer.concat([begun, chunk]) : chunk
          if (answer.length >= good.length && good.compare(answer, 0, good.length) !== 0) reject(new Error(`${answer}`))
          if (!isComplete(answer)) {
            begun = answer
            return
          }
          begun = null
          answered++
          tookMs.push(performance.now() - connection.sentMs)
          if (goesOn) send(connection)
          else resolve()
        })
      }),
  )
  return {
    tookMs,
    begin() {
      for (const connection of opened) send(connection)
    },
    async end() {
      goesOn = false
      await Promise.all(done)
      for (const { socket } of opened) socket.destroy()
      return answered
    },
  }
}

function send(connection: { socket: Socket; request: Repeated; sentMs: number }): void {
  connection.sentMs = performance.now()
  connection.socket.write(bytesOf(connection.request))
}

const bytesOf = (request: Repeated): Buffer => (typeof request === 'function' ? request() : request)

async function checkAnswer(socket: Socket, request: Repeated, mark: string): Promise<void> {
  socket.write(bytesOf(request))
  let answer = Buffer.alloc(0)
  while (!isComplete(answer)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    answer = Buffer.concat([answer, chunk])
  }
  if (!answer.subarray(0, good.length).equals(good) || !answer.includes(mark)) throw new Error(`${answer}`)
}

/** @throws for more than one answer, which nobody has asked for */
function isComplete(answer: Buffer): boolean {
  const headEnd = answer.indexOf(endOfHead)
  if (headEnd === -1) return false
  // It has no body, and so no length.
  if (answer.includes(noContent)) return answer.length === headEnd + endOfHead.length
  const announced = /\r\ncontent-length: (\d+)/i.exec(answer.toString('latin1', 0, headEnd))?.[1]
  if (announced === undefined) return answer.toString('latin1', answer.length - endOfChunks.length) === endOfChunks
  const length = headEnd + endOfHead.length + Number(announced)
  if (answer.length > length) throw new Error(`${answer.length} bytes, not ${length}`)
  return answer.length === length
}
