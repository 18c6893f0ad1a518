/**
 * Where a command's procedures run: in this process where it may own the database, else at the server that has it open, or at the one
 * that `--url` names. The commands cannot tell, and neither can the records of what they did.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { type Config, readConfig } from '../server/app.ts'
import { FolderInUse } from '../server/platform/db/folder-lock.ts'
import { readOperatorFile } from '../server/platform/identity/operator-file.ts'
import type { appRouter } from '../server/router.ts'
import type { ChannelEvent } from '../shared/channels.ts'
import { openLocalPlinth } from './local-plinth.ts'
import { openPlinthByUrl, openPlinthOfFolder } from './remote-plinth.ts'

/** Every procedure but subscriptions, called as the operator or as whom PLINTH_TOKEN is of. */
export type Procedures = ReturnType<typeof appRouter.createCaller>

export interface Following {
  readonly channel: string
  /** A cursor, or the number of the last event that is known; absent, from now on. */
  readonly after: string | undefined
  /** Each event after that once, in order, whatever becomes of the server meanwhile. */
  onEvent(event: ChannelEvent, cursor: string): void
  /** What came next is not to be had any more; it goes on from `cursor`. */
  onResync(cursor: string): void
  /** `false`: the server is away, and waited for. */
  onLive(isLive: boolean): void
}

export interface OpenPlinth {
  readonly call: Procedures
  /** This process has the database for itself, so nothing happens in it but what the command does. */
  readonly isAlone: boolean
  /** Until `signal`. @throws what refuses it */
  follow(following: Following, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** A server that starts or stops at this moment, and a command that is nearly done, are waited for. */
const settleMs = 1500

/** @throws ConfigError, Refusal, FolderInUse, NotADatabaseFolder, UnsafeOperatorFile */
export async function openPlinth(
  environment: Readonly<Record<string, string | undefined>>,
  url: string | undefined,
  allowed: (config: Config) => void,
): Promise<OpenPlinth> {
  if (url !== undefined) return openPlinthByUrl(url, environment.PLINTH_TOKEN)
  const config = readConfig(environment)
  allowed(config)
  for (const deadline = performance.now() + settleMs; ; await delay(100)) {
    try {
      return await openLocalPlinth(config)
    } catch (error) {
      if (!(error instanceof FolderInUse)) throw error
      const { folder, holder } = error
      // One that a killed server left behind, beside what another process does now, leads nowhere.
      if (readOperatorFile(folder)?.pid === holder.pid) return openPlinthOfFolder(folder)
      if (performance.now() > deadline) throw error
    }
  }
}
