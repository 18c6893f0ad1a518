/** How a mail leaves: by SMTP. What goes wrong becomes a MailFault, which says whether it is worth another attempt. */
import { isLoopback } from '../config/config.ts'
import type { MailMessage } from './mail-message.ts'

export interface MailSender {
  /** Resolves once the mail is somebody else's to deliver. `signal` ends the attempt. @throws MailFault */
  send(message: MailMessage, signal: AbortSignal): Promise<void>
}

export class MailFault extends Error {
  override name = 'MailFault'
  /** `never`: this mail will always be refused. `server`: any other would have failed too. */
  readonly kind: 'never' | 'later' | 'server'
  /** `message` may be stored and logged: codes alone, since a server's words may quote addresses, passwords or the mail. */
  constructor(kind: MailFault['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}

export interface SmtpSettings {
  url: string
  from: { name: string; address: string }
}

/**
 * One connection a mail: nothing is kept open, and a server that went away and came back is found by the next one. `timeoutMs`: for
 * connecting, for the greeting, and for silence after it.
 */
export function smtpSender({ url, from }: SmtpSettings, timeoutMs = 10_000): MailSender {
  const options = smtpOptions(new URL(url), timeoutMs)
  return {
    async send(message, signal) {
      if (!isOneAddress(message.to)) throw new MailFault('never', 'the recipient is no address')
      // Loaded with the first mail, like MailComposer: no start waits for nodemailer.
      const { createTransport } = await import('nodemailer')
      // Built first: what nodemailer cannot build while it sends, it throws where nobody can catch it.
      const raw = await build(message, from)
      try {
        await createTransport(options).sendMail({ envelope: { from: from.address, to: [message.to] }, raw, signal })
      } catch (error) {
        throw toMailFault(error)
      }
    },
  }
}

/** Connects and, where there is a password, signs in; sends nothing. @throws MailFault */
export async function verifySmtp({ url }: SmtpSettings, timeoutMs = 5_000): Promise<void> {
  const { createTransport } = await import('nodemailer')
  const transport = createTransport(smtpOptions(new URL(url), timeoutMs))
  try {
    await transport.verify()
  } catch (error) {
    throw toMailFault(error)
  } finally {
    transport.close()
  }
}

async function build({ to, subject, text, html, messageId, date }: MailMessage, from: SmtpSettings['from']) {
  const { default: MailComposer } = await import('nodemailer/lib/mail-composer')
  const mail = new MailComposer({
    from: { ...from },
    to: { name: '', address: to },
    subject,
    text,
    html,
    messageId,
    date,
    // Nobody's absence notice is to answer it (RFC 3834).
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return mail.compile().build()
}

/** Made part by part: an address given as it is could switch on logging, credentials and all, or certificate checks off. */
function smtpOptions(url: URL, timeoutMs: number) {
  const secure = url.protocol === 'smtps:'
  const user = decodeURIComponent(url.username)
  const near = isLoopback(url)
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port ? Number(url.port) : secure ? 465 : near ? 25 : 587,
    secure,
    // Elsewhere STARTTLS is used where it is offered, and a password travels only over it: who sits between could say that
    // there is none (RFC 3207 section 6). On this machine nobody sits between, and certificates are usually made up.
    ...(!secure && (near ? { ignoreTLS: true } : { requireTLS: user !== '' })),
    ...(user && { auth: { user, pass: decodeURIComponent(url.password) } }),
    dnsTimeout: timeoutMs,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
  }
}

/** Nothing that could be read as two, or as an end of the line: a mail goes to the one that it is for. */
const isOneAddress = (text: string) => /^[^\s,;:<>()"\\\p{Cc}@]{1,64}@[^\s,;:<>()"\\\p{Cc}@]{1,255}$/u.test(text)

/** What nodemailer adds to its errors. */
interface SmtpError extends Error {
  code?: string
  originalCode?: string
  timeoutType?: string
  command?: string
  response?: string
  responseCode?: number
  permanent?: boolean
}

/**
 * Only an answer to the recipient or to the mail itself is about this mail. A refusal before (of the connection, the password, the
 * sender) is about the server or the settings: for ever as it may sound, an operator can mend it, and no mail is lost to that.
 */
function toMailFault(error: unknown): MailFault {
  const {
    code = 'failed',
    originalCode,
    timeoutType,
    command = '',
    response,
    responseCode,
    permanent,
  } = error as SmtpError
  const ofMail = command === 'RCPT TO' || command === 'DATA'
  if (responseCode) {
    const enhanced = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(response ?? '')?.[1]
    const answer = `${command} answered ${[responseCode, enhanced].filter(Boolean).join(' ')}`
    // 421: it is closing for everybody (RFC 5321 section 3.8).
    return new MailFault(ofMail && responseCode !== 421 ? (permanent ? 'never' : 'later') : 'server', answer)
  }
  if (code === 'EENVELOPE' || code === 'EMESSAGE') return new MailFault('never', code)
  return new MailFault('server', originalCode ?? timeoutType ?? code)
}
