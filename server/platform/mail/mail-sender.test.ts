/** What the way to the mail server is guarded against: silence, and listeners. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import type { SMTPServerOptions } from 'smtp-server'
import { describe, expect, it, onTestFinished } from 'vitest'
import { TestSmtpServer } from '../../test/smtp-server.ts'
import type { MailMessage } from './mail-message.ts'
import { MailFault, smtpSender } from './mail-sender.ts'

const from = { name: 'Plinth', address: 'plinth@plinth.example' }
const message: MailMessage = {
  id: '1',
  to: 'ada@example.org',
  subject: 'Hello',
  text: 'Hello',
  html: '<p>Hello</p>',
  messageId: '<1@plinth.example>',
  date: new Date(),
}

const faultOf = (url: string, { timeoutMs = 500, signal = new AbortController().signal } = {}) =>
  smtpSender({ url, from }, timeoutMs)
    .send(message, signal)
    .then(
      () => null,
      (fault) => {
        expect(fault).toBeInstanceOf(MailFault)
        return fault as MailFault
      },
    )

async function server(options: SMTPServerOptions = {}) {
  const smtp = await TestSmtpServer.start(options)
  onTestFinished(() => smtp.close())
  return smtp
}

/** Says `lines`, one to each thing it is told, and then nothing more, or `drip` for ever. */
async function talker(lines: string[], drip?: string): Promise<string> {
  const sockets = new Set<Socket>()
  const tcp = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    const left = [...lines]
    const say = () => left.length > 0 && socket.write(`${left.shift()}\r\n`)
    say()
    socket.on('data', say)
    const timer = drip && setInterval(() => left.length === 0 && socket.write(drip), 50)
    socket.on('close', () => clearInterval(timer || undefined))
  })
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    tcp.close()
  })
  return `smtp://127.0.0.1:${(tcp.address() as AddressInfo).port}`
}

describe('a mail server that', () => {
  it.each([
    // Two timers of one length: whichever is first.
    ['never greets', [], expect.stringMatching(/^(GREETING|SOCKET)_TIMEOUT$/)],
    ['says nothing after its greeting', ['220 here'], 'SOCKET_TIMEOUT'],
    ['says nothing after the sender', ['220 here', '250 hello', '250 ok'], 'SOCKET_TIMEOUT'],
    ['hangs in the middle of an answer', ['220 here', '250-hello'], 'SOCKET_TIMEOUT'],
  ])('%s is left soon', async (_, lines, fault) => {
    expect(await faultOf(await talker(lines))).toMatchObject({ kind: 'server', message: fault })
  })

  it('drips for ever is left when the attempt is over', async () => {
    const url = await talker(['220 here', '250-hello'], '250-more\r\n')
    expect(await faultOf(url, { signal: AbortSignal.timeout(700) })).toMatchObject({ kind: 'server' })
  })

  it('is closing for everybody is at fault, not the mail', async () => {
    const smtp = await server()
    smtp.refuse = (step) => (step === 'recipient' ? { code: 421, words: '4.3.2 closing' } : undefined)
    expect(await faultOf(smtp.url())).toMatchObject({ kind: 'server', message: expect.stringContaining('421 4.3.2') })
  })
})

/** Not by its name a host of this machine, as far as a setting tells. */
const elsewhere = '0.0.0.0'
const hasOpenssl = spawnSync('openssl', ['version']).status === 0
const person = 'plinth:canary-password'

describe('beyond this machine', () => {
  it('a password is not sent without TLS', async () => {
    const smtp = await server()
    expect(await faultOf(smtp.url(elsewhere, person))).toMatchObject({ kind: 'server' })
    expect([smtp.logins, smtp.received]).toEqual([[], []])
  })

  it('nothing is sent to a server with a certificate of its own making', async () => {
    const smtp = await server({ hideSTARTTLS: false })
    for (const user of [person, '']) {
      expect(await faultOf(smtp.url(elsewhere, user))).toMatchObject({ kind: 'server' })
    }
    expect([smtp.logins, smtp.received]).toEqual([[], []])
  })

  it('a relay that asks for no password is taken as it is', async () => {
    const smtp = await server()
    expect(await faultOf(smtp.url(elsewhere))).toBeNull()
    expect(smtp.received).toMatchObject([{ tls: false }])
  })

  it.skipIf(!hasOpenssl)(
    'a mail goes by STARTTLS, and by TLS from the beginning, where the certificate is good',
    async () => {
      const { key, cert } = certificate()
      const trusted = tls.getCACertificates('default')
      tls.setDefaultCACertificates([...trusted, cert])
      onTestFinished(() => tls.setDefaultCACertificates(trusted))
      const [upgrading, secure] = [
        await server({ hideSTARTTLS: false, key, cert }),
        await server({ secure: true, key, cert }),
      ]
      expect(await faultOf(upgrading.url(elsewhere, person))).toBeNull()
      expect(await faultOf(secure.url(elsewhere, person).replace('smtp:', 'smtps:'))).toBeNull()
      for (const { received, logins } of [upgrading, secure]) {
        expect(received).toMatchObject([{ tls: true, to: ['ada@example.org'] }])
        expect(logins).toEqual([{ user: 'plinth', password: 'canary-password' }])
      }
    },
  )
})

function certificate(): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-smtp-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=smtp',
    ].concat(['-addext', `subjectAltName=IP:${elsewhere}`, '-keyout', key, '-out', cert]),
    { stdio: 'ignore' },
  )
  const made = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  rmSync(folder, { recursive: true })
  return made
}
