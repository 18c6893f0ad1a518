/**
 * Where mails are kept that nobody sends: outside production, without SMTP_URL. A file a mail, with the links in it, readable by
 * whoever runs the server; the newest 200.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { MailMessage } from './mail-message.ts'
import type { MailSender } from './mail-sender.ts'

const kept = 200
const fileName = /^[0-9a-f-]{36}\.json$/

const KeptMail = z.object({
  id: z.string(),
  to: z.string(),
  subject: z.string(),
  text: z.string(),
  html: z.string(),
  date: z.coerce.date(),
})
export type KeptMail = z.infer<typeof KeptMail>

export class MailInbox implements MailSender {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async send({ id, to, subject, text, html, date }: MailMessage): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const path = join(this.#folder, `${id}.json`)
    await writeFile(`${path}.making`, JSON.stringify({ id, to, subject, text, html, date }, null, 2), { mode: 0o600 })
    await rename(`${path}.making`, path)
    for (const old of (await this.#names()).slice(kept)) await rm(join(this.#folder, old), { force: true })
  }

  /** Newest first. */
  async list(): Promise<KeptMail[]> {
    const found = await Promise.all((await this.#names()).map((name) => this.get(name.slice(0, -'.json'.length))))
    return found.filter((mail) => mail !== null)
  }

  async get(id: string): Promise<KeptMail | null> {
    const name = `${id}.json`
    if (!fileName.test(name)) return null
    const text = await readFile(join(this.#folder, name), 'utf8').catch(nullWhenAbsent)
    return text === null ? null : KeptMail.parse(JSON.parse(text))
  }

  /** Ids sort by time. */
  async #names(): Promise<string[]> {
    const names = (await readdir(this.#folder).catch(nullWhenAbsent)) ?? []
    return names.filter((name) => fileName.test(name)).sort((a, b) => (a < b ? 1 : -1))
  }
}

function nullWhenAbsent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}
