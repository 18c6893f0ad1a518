/**
 * Where commands find the server that has an embedded database open, and what they act with there: a file beside the database's
 * folder, of the server's user alone, there while the server listens. One that a killed server left behind is of no use to anybody: its
 * token died with it.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { isLoopback } from '../config/config.ts'
import { besideFolder } from '../db/folder-lock.ts'

const OperatorFile = z.object({
  /** On loopback, whatever PUBLIC_URL says. */
  url: z.url({ protocol: /^http$/ }).refine((url) => isLoopback(new URL(url))),
  /** PUBLIC_URL, as which calls have to come. */
  origin: z.url(),
  token: z.string().min(1),
  pid: z.int(),
})
export type OperatorFile = z.infer<typeof OperatorFile>

export class UnsafeOperatorFile extends Error {
  override name = 'UnsafeOperatorFile'
}

export const operatorFilePath = (folder: string): string => besideFolder(folder, 'operator')

/** By whoever holds the lock of `folder`. @throws what the file system throws */
export function writeOperatorFile(folder: string, file: OperatorFile): void {
  const path = operatorFilePath(folder)
  const making = `${path}.making`
  rmSync(making, { force: true })
  writeFileSync(making, JSON.stringify(file), { mode: 0o600, flag: 'wx' })
  renameSync(making, path)
}

export function removeOperatorFile(folder: string): void {
  rmSync(operatorFilePath(folder), { force: true })
}

/** Null when there is none. @throws UnsafeOperatorFile when somebody else may have read or written it */
export function readOperatorFile(folder: string): OperatorFile | null {
  const path = operatorFilePath(folder)
  const descriptor = openIfThere(path)
  if (descriptor === null) return null
  try {
    const { mode, uid } = fstatSync(descriptor)
    const own = process.getuid?.()
    if (own !== undefined && (mode & 0o077) !== 0) {
      throw new UnsafeOperatorFile(
        `${path} may be read or written by other users of this machine, so it is not used. Restart the server, which writes a new one.`,
      )
    }
    if (own !== undefined && own !== 0 && uid !== own) {
      throw new UnsafeOperatorFile(
        `${path} belongs to another user, so it is not used. Run the command as the server's user.`,
      )
    }
    const file = OperatorFile.safeParse(parsed(readFileSync(descriptor, 'utf8')))
    if (!file.success) throw new UnsafeOperatorFile(`${path} is not what a server writes. Restart the server.`)
    return file.data
  } finally {
    closeSync(descriptor)
  }
}

function openIfThere(path: string): number | null {
  try {
    // Not through a link: what it names may be anybody's.
    return openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') return null
    if (code === 'EACCES') {
      throw new UnsafeOperatorFile(
        `${path} may not be read by this user. Run the command as the user that runs the server.`,
      )
    }
    if (code === 'ELOOP')
      throw new UnsafeOperatorFile(`${path} is a link, which no server makes. Delete it and restart the server.`)
    throw error
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
