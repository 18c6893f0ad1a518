/** `/dev/mail`: the mails that were kept and not sent, with their links to follow. For development only. */
import type { FastifyPluginAsync } from 'fastify'
import { brandMark, colourRules } from '../../../shared/colours.ts'
import { AppError } from '../errors/app-error.ts'
import type { KeptMail, MailInbox } from './mail-inbox.ts'
import { escapeHtml } from './mail-layout.ts'

interface OneMail {
  Params: { id: string }
}

export const mailInboxRoutes: FastifyPluginAsync<{ inbox: MailInbox }> = async (app, { inbox }) => {
  app.addHook('onSend', async (_request, reply) => void reply.header('cache-control', 'no-store'))

  const found = async (id: string) => {
    const mail = await inbox.get(id)
    if (!mail) throw new AppError('NOT_FOUND')
    return mail
  }

  app.get('/', async (_request, reply) => reply.type(html).send(listPage(await inbox.list())))

  app.get<OneMail>('/:id', async ({ params }, reply) => reply.type(html).send(mailPage(await found(params.id))))

  app.get<OneMail>('/:id/html', async ({ params }, reply) => {
    const mail = await found(params.id)
    return (
      reply
        .type(html)
        // As a mail program shows it: no scripts, nothing fetched, no origin; links lead out of the frame.
        .header(
          'content-security-policy',
          "sandbox allow-top-navigation-by-user-activation; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'",
        )
        .send(mail.html.replace('<head>', '<head><base target="_top">'))
    )
  })
}

const html = 'text/html; charset=utf-8'

const when = (at: Date) =>
  `<time datetime="${at.toISOString()}">${at.toISOString().slice(0, 19).replace('T', ' ')} UTC</time>`

function listPage(mails: KeptMail[]): string {
  const rows = mails.map(
    ({ id, to, subject, date }) =>
      `<li><a href="/dev/mail/${id}"><strong>${escapeHtml(subject)}</strong><span>${escapeHtml(to)} · ${when(date)}</span></a></li>`,
  )
  return page(
    'Mail',
    `<h1>Mail</h1><p>Mails that Plinth would send. While you develop without SMTP_URL they stay on this machine.</p>
${rows.length > 0 ? `<ol>${rows.join('\n')}</ol>` : '<p>None yet. Register, or ask for a new password, and look again.</p>'}`,
  )
}

function mailPage({ id, to, subject, text, date }: KeptMail): string {
  const linked = escapeHtml(text).replace(/https?:\/\/[^\s<]+/g, (url) => `<a href="${url}">${url}</a>`)
  return page(
    subject,
    `<nav><a href="/dev/mail">All mail</a></nav>
<h1>${escapeHtml(subject)}</h1><p>To ${escapeHtml(to)} · ${when(date)}</p>
<iframe src="/dev/mail/${id}/html" title="The mail" sandbox="allow-top-navigation-by-user-activation"></iframe>
<h2>As text</h2><pre>${linked}</pre>`,
  )
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><title>${escapeHtml(title)}</title><style>
  ${colourRules}
  :root { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--ground) }
  body { margin: 0 }
  a { color: var(--accent) }
  header { display: flex; align-items: center; gap: .5rem; font-weight: 700; margin-bottom: 1.5rem }
  main { width: min(44rem, calc(100vw - 2rem)); margin: 0 auto; padding: 2rem 0 }
  h1 { font-size: 1.25rem; margin: .5rem 0 0 } h2 { font-size: 1rem; margin: 1.5rem 0 .5rem }
  p { margin: .25rem 0 1rem; color: var(--soft) }
  ol { list-style: none; padding: 0; margin: 0 }
  li a { display: flex; flex-direction: column; padding: .75rem 1rem; margin-top: .5rem; border: 1px solid var(--line); border-radius: 8px; background: var(--raised); color: inherit; text-decoration: none }
  li a:hover { border-color: currentColor } li span { color: var(--soft); font-size: .875rem; overflow-wrap: anywhere }
  a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
  iframe { box-sizing: border-box; width: 100%; height: 32rem; border: 1px solid var(--line); border-radius: 8px }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: 1rem; background: var(--raised); border: 1px solid var(--line); border-radius: 8px; margin: 0 }
</style><main><header>${brandMark} Plinth</header>${body}</main></html>`
}
