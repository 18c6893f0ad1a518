/** Describes, in a sentence, faults in the folder of an embedded database that an operator can correct. */

/** Only of an error with a path: an error of a port has none. */
const words: Record<string, string> = {
  EACCES: 'may not be written by this user. Give the user the folder, or name another one in DATABASE_URL.',
  EPERM: 'may not be written by this user. Give the user the folder, or name another one in DATABASE_URL.',
  EROFS: 'is on a disk that is read-only. Mount it for writing, or name another folder in DATABASE_URL.',
  ENOSPC: 'is on a disk that is full. Make room, or name another folder in DATABASE_URL.',
  EDQUOT: 'is beyond the quota of this user. Make room, or name another folder in DATABASE_URL.',
  // Node's `cpSync` reports a full disk in this way too.
  EIO: 'could not be written: its disk is full, or fails. Make room, or name another folder in DATABASE_URL.',
  ENOTDIR: 'is below a file. Name a folder in DATABASE_URL.',
  EEXIST: 'is a file, where a folder has to be. Name another folder in DATABASE_URL.',
}
/** An error of a write has no path. */
const withoutPath = new Set(['ENOSPC', 'EDQUOT', 'EIO'])

export function storageFault(error: unknown): string | null {
  const { code = '', path } = error instanceof Error ? (error as NodeJS.ErrnoException) : {}
  const says = words[code]
  if (!says || (path === undefined && !withoutPath.has(code))) return null
  return `${path ?? 'The folder of the database'} ${says}`
}
