/** Where a command is called from: what it prints, what it asks, and when it is to stop. */
import { createInterface } from 'node:readline/promises'

export interface Terminal {
  /** To stdout: what was asked for. */
  print(text: string): void
  /** To stderr: all else. */
  complain(text: string): void
  /** How far it has come, in place of what this said before; nothing where nobody looks on. */
  progress(text: string): void
  /** Null where nobody is there to answer. */
  readonly confirm: ((question: string) => Promise<boolean>) | null
  /** Aborted by Ctrl-C, and when nobody reads any more. From the first look on Ctrl-C does no more than that. */
  readonly interrupted: AbortSignal
}

export function ownTerminal(): Terminal {
  const { stdin, stdout, stderr } = process
  let inProgress = false
  let stopping: AbortController | undefined
  const endProgress = () => {
    if (inProgress) stderr.write('\r\u001b[K')
    inProgress = false
  }
  // Of `plinth … | head`, which has seen enough.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    if (stopping) stopping.abort()
    else process.exit()
  })
  return {
    print(text) {
      endProgress()
      stdout.write(`${text}\n`)
    },
    complain(text) {
      endProgress()
      stderr.write(`${text}\n`)
    },
    progress(text) {
      if (!stderr.isTTY) return
      inProgress = true
      stderr.write(`\r\u001b[K${text.slice(0, (stderr.columns || 80) - 1)}`)
    },
    confirm:
      stdin.isTTY && stderr.isTTY
        ? async (question) => {
            const lines = createInterface({ input: stdin, output: stderr })
            const answer = await lines.question(`${question} [y/N] `)
            lines.close()
            return /^y(es)?$/i.test(answer.trim())
          }
        : null,
    get interrupted() {
      if (!stopping) {
        const made = new AbortController()
        stopping = made
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => made.abort())
      }
      return stopping.signal
    },
  }
}
