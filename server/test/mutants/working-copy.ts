/** A copy of the repository in a temporary folder, to be broken. It shares the packages of the repository. */
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { packageFolder } from '../../platform/config/package-folder.ts'
import type { Fault } from './fault.ts'

/** What tests do not read, or may not: packages are linked, and a developer's settings stay out. */
const notCopied = new Set(['.git', 'node_modules', 'dist', '.data', '.env', 'coverage'])

export class WorkingCopy {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
    cpSync(packageFolder, folder, { recursive: true, filter: (path) => !notCopied.has(basename(path)) })
    symlinkSync(join(packageFolder, 'node_modules'), join(folder, 'node_modules'))
  }

  /** Returns how to mend it. @throws Error when the fault does not fit the file */
  put({ name, file, from, to }: Fault): () => void {
    const path = join(this.folder, file)
    const whole = readFileSync(path, 'utf8')
    const times = whole.split(from).length - 1
    if (times !== 1) throw new Error(`"${name}": its text occurs ${times} times in ${file}`)
    writeFileSync(
      path,
      whole.replace(from, () => to),
    )
    return () => writeFileSync(path, whole)
  }
}
