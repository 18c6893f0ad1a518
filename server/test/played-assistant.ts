/** The server of an assistant, played: it is asked as an OpenAI-compatible one is, and says what the test has it say. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { atEnd } from './at-end.ts'

interface Question {
  path: string
  headers: IncomingHttpHeaders
  body: { model: string; stream: boolean; messages: { role: string; content: string }[] }
  response: ServerResponse
  /** Whoever asked does not listen any more. */
  isGone: boolean
}

export type Play = (response: ServerResponse) => unknown

export const delta = (content: string) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`
export const done = `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`

const stream = { 'content-type': 'text/event-stream' }

/** These bits, and then no end. */
export const saying =
  (...bits: string[]): Play =>
  (response) => {
    response.writeHead(200, stream)
    response.flushHeaders()
    for (const bit of bits) response.write(bit)
  }

/** A whole answer. */
export const answering =
  (...words: string[]): Play =>
  (response) => {
    saying(...words.map(delta))(response)
    response.end(done)
  }

export const failing =
  (status: number, headers: Record<string, string> = {}, body = ''): Play =>
  (response) =>
    response.writeHead(status, headers).end(body)

/** As many bytes at a time as somebody with other things in mind would choose. */
export const inPieces =
  (text: string, length: number): Play =>
  async (response) => {
    response.writeHead(200, stream)
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += length) {
      response.write(bytes.subarray(at, at + length))
      // So that each comes as a part of its own.
      await new Promise((resolve) => setImmediate(resolve))
    }
    response.end()
  }

export class PlayedAssistant {
  readonly url: string
  readonly questions: Question[] = []
  play: Play = answering('Yes.')

  constructor(url: string) {
    this.url = url
  }

  get last(): Question {
    const last = this.questions.at(-1)
    if (!last) throw new Error('nobody has asked')
    return last
  }
}

export async function playAssistant(): Promise<PlayedAssistant> {
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const part of request.setEncoding('utf8')) text += part
    const { url: path = '', headers } = request
    const question: Question = { path, headers, body: JSON.parse(text), response, isGone: false }
    response.on('close', () => {
      question.isGone = true
    })
    played.questions.push(question)
    await played.play(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const played = new PlayedAssistant(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`)
  atEnd(
    () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  )
  return played
}
