/** A real SMTP server that keeps what it takes, and refuses, stalls or goes away as a test asks. */
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

/** Where a mail may be refused. */
export type SmtpStep = 'auth' | 'sender' | 'recipient' | 'mail'

export interface ReceivedMail {
  from: string
  to: string[]
  /** As it came. */
  raw: string
  /** By lower-case name, unfolded. */
  headers: Record<string, string>
  /** Decoded, by content type. */
  parts: Record<string, string>
  tls: boolean
}

export class TestSmtpServer {
  readonly received: ReceivedMail[] = []
  /** Of each `AUTH`, whether it was right or not. */
  readonly logins: { user: string | undefined; password: unknown }[] = []
  /** The answer at a step, with the mail where there is one yet; undefined goes on. */
  refuse: (step: SmtpStep, what: string) => { code: number; words: string } | undefined = () => undefined
  /** A mail is taken, and its 250 answered, when this has resolved. */
  hold: (mail: ReceivedMail) => Promise<void> = async () => {}
  /** Mails whose DATA is complete, taken or not. */
  arrived = 0
  #server: SMTPServer | undefined
  readonly #options: SMTPServerOptions
  #port = 0

  private constructor(options: SMTPServerOptions) {
    this.#options = options
  }

  /** On a free port of loopback. Plain by default, where whoever comes may send. */
  static async start(options: SMTPServerOptions = {}): Promise<TestSmtpServer> {
    const server = new TestSmtpServer(options)
    await server.open()
    return server
  }

  get port(): number {
    return this.#port
  }

  url(host = '127.0.0.1', user = ''): string {
    return `smtp://${user}${user && '@'}${host}:${this.#port}`
  }

  /** Again on the same port, after `close`. */
  async open(): Promise<void> {
    const step =
      (name: SmtpStep) =>
      ({ address }: { address: string }, _session: unknown, done: (error?: Error | null) => void) =>
        done(this.#refusal(name, address))
    const server = new SMTPServer({
      hideSTARTTLS: true,
      authOptional: true,
      allowInsecureAuth: true,
      disableReverseLookup: true,
      logger: false,
      ...this.#options,
      onAuth: ({ username, password }, _session, done) => {
        this.logins.push({ user: username, password })
        const refused = this.#refusal('auth', username ?? '')
        done(refused, refused ? undefined : { user: username })
      },
      onMailFrom: step('sender'),
      onRcptTo: step('recipient'),
      onData: async (stream, { envelope, secure }, done) => {
        const chunks: Buffer[] = []
        try {
          for await (const chunk of stream) chunks.push(chunk)
        } catch (error) {
          // Cut off before its end: no mail.
          return done(error as Error)
        }
        const mail = parseMail(Buffer.concat(chunks).toString(), envelope, secure)
        this.arrived++
        await this.hold(mail)
        const refused = this.#refusal('mail', mail.raw)
        if (!refused) this.received.push(mail)
        done(refused)
      },
    })
    // A client that hangs up is what some tests are about.
    server.on('error', () => {})
    await new Promise<void>((resolve) => server.listen(this.#port, '0.0.0.0', resolve))
    this.#port = (server.server.address() as AddressInfo).port
    this.#server = server
  }

  /** At once: connections are cut. */
  async close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (!server) return
    const closed = new Promise<void>((resolve) => server.close(resolve))
    for (const connection of server.connections)
      (connection as unknown as { _socket: { destroy(): void } })._socket.destroy()
    await closed
  }

  #refusal(step: SmtpStep, what: string): Error | null {
    const refusal = this.refuse(step, what)
    return refusal ? Object.assign(new Error(refusal.words), { responseCode: refusal.code }) : null
  }
}

type Envelope = { mailFrom: { address: string } | false; rcptTo: { address: string }[] }

function parseMail(raw: string, { mailFrom, rcptTo }: Envelope, tls: boolean): ReceivedMail {
  const top = entity(raw)
  const [, boundary] = /boundary="([^"]+)"/.exec(top.headers['content-type'] ?? '') ?? []
  const parts = top.body
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => {
      const { headers, body } = entity(part.trimStart())
      return [(headers['content-type'] ?? '').split(';')[0], decoded(body, headers['content-transfer-encoding'])]
    })
  return {
    from: mailFrom ? mailFrom.address : '',
    to: rcptTo.map(({ address }) => address),
    raw,
    headers: top.headers,
    parts: Object.fromEntries(parts),
    tls,
  }
}

function entity(raw: string): { headers: Record<string, string>; body: string } {
  const end = raw.indexOf('\r\n\r\n')
  const lines = raw
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
  const headers = lines.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 1).trim(),
  ])
  return { headers: Object.fromEntries(headers), body: raw.slice(end + 4) }
}

function decoded(body: string, encoding = '7bit'): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString()
  if (encoding !== 'quoted-printable') return body
  const bytes = body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString()
}
