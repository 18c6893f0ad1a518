/** Folders that the server writes to, and the room that is left there. */
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Config } from '../../server/app.ts'
import { databaseFolder } from '../own-database.ts'
import { type Finding, finding, reasonOf } from './finding.ts'

const littleBytes = 1024 ** 3
const leastBytes = 100 * 1024 ** 2

export function inspectStorage(config: Config): Finding[] {
  const folder = databaseFolder(config)
  const [, uploads] = /^file:\/\/(.+)$/.exec(config.storageUrl) ?? []
  return [
    ...(folder === null ? [] : [inspectFolder('disk', folder, 'For the embedded database:')]),
    uploads === undefined
      ? finding('storage', 'skipped', 'STORAGE_URL is no folder of this machine: not looked at.')
      : inspectFolder('storage', uploads, 'For uploads:'),
  ]
}

/** One that is not there yet is made when it is needed, in the nearest that is. */
export function inspectFolder(check: string, path: string, what: string): Finding {
  let there = resolve(path)
  while (!existsSync(there)) there = dirname(there)
  try {
    if (!statSync(there).isDirectory())
      return finding(check, 'fault', `${what} ${there} is a file where a folder should be.`)
    accessSync(there, constants.R_OK | constants.W_OK | constants.X_OK)
    const { bavail, bsize } = statfsSync(there)
    const free = bavail * bsize
    const says = `${what} ${there} may be written to; ${(free / 1024 ** 3).toFixed(1)} GiB are free.`
    if (free < leastBytes) return finding(check, 'fault', `${says} Make room, or writes fail.`)
    return free < littleBytes ? finding(check, 'warning', `${says} Make room soon.`) : finding(check, 'ok', says)
  } catch (error) {
    return finding(
      check,
      'fault',
      `${what} ${there} may not be written to (${reasonOf(error)}). Give it to the server's user.`,
    )
  }
}
