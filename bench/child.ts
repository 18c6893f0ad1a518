/** Processes of a measurement: each answers its parent's questions one at a time, over Node's own channel. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'

export function start(script: string, args: string[] = [], execArgv: string[] = []): ChildProcess {
  return fork(join(import.meta.dirname, script), args, { execArgv })
}

/** In production mode, with a probe in it. */
export function startServer(script: string, args: string[]): ChildProcess {
  return fork(join(import.meta.dirname, script), args, {
    execArgv: ['--import', join(import.meta.dirname, 'probe.ts')],
    env: { ...process.env, NODE_ENV: 'production' },
    // A log goes nowhere: reading it would be work of the load generator.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
}

export function reply<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`exit ${code}`))
    child.once('exit', ended)
    child.once('message', (message) => {
      child.off('exit', ended)
      resolve(message as T)
    })
  })
}

export function ask<T>(child: ChildProcess, question: Record<string, unknown>): Promise<T> {
  const answer = reply<T>(child)
  child.send(question)
  return answer
}
