/** A mail server that keeps what it is given, and the links in it, as a person at their mail would find them. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'
import { afterAll } from 'vitest'
import { until } from '../../server/test/until.ts'

export interface Mail {
  to: string
  subject: string
  /** Of its button. */
  link: string | null
}

export interface Mailbox {
  /** What a stage needs to send its mails here. */
  environment: { SMTP_URL: string; MAIL_FROM: string }
  /** All to `address`, the oldest first. */
  mailsTo(address: string): Mail[]
  /** Waits for mail number `count` to `address` of this subject, counted from 1. */
  mailTo(address: string, subject: string, count?: number): Promise<Mail>
}

/** One for a test file; it closes with it. */
export async function startMailbox(): Promise<Mailbox> {
  const mails: Mail[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onData: async (stream, session, done) => {
      const raw = await text(stream)
      for (const { address } of session.envelope.rcptTo) mails.push(read(address, raw))
      done()
    },
  })
  const listening = server.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const { port } = listening.address() as AddressInfo
  afterAll(() => new Promise<void>((resolve) => server.close(resolve)))

  const mailsTo = (address: string) => mails.filter(({ to }) => to === address)
  return {
    environment: { SMTP_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM: 'Plinth <plinth@example.org>' },
    mailsTo,
    mailTo: (address, subject, count = 1) =>
      until(
        `mail ${count} to ${address}: ${subject}`,
        () => mailsTo(address).filter((mail) => mail.subject === subject)[count - 1],
      ),
  }
}

function read(to: string, raw: string): Mail {
  const [, subject = ''] = /^Subject: (.+)$/m.exec(raw) ?? []
  // Quoted-printable (RFC 2045 section 6.7), as far as a link goes.
  const plain = raw
    .replace(/=\r?\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  const [link = null] = /https?:\/\/[^\s"<>]+/.exec(plain) ?? []
  return { to, subject: subject.trim(), link }
}
