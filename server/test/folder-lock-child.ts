/**
 * For each round: opens `<folder>-<round>.go`, which waits for a writer where that is a named pipe, takes the lock of `<folder>-<round>`
 * and holds it until killed.
 */
import { closeSync, openSync } from 'node:fs'
import { FolderInUse, lockFolder } from '../platform/db/folder-lock.ts'

const [folder = '', rounds = '1'] = process.argv.slice(2)
process.stdout.write('waiting\n')
for (let round = 0; round < Number(rounds); round++) {
  closeSync(openSync(`${folder}-${round}.go`, 'r'))
  try {
    lockFolder(`${folder}-${round}`)
    process.stdout.write('held\n')
  } catch (error) {
    process.stdout.write(error instanceof FolderInUse ? `${error.message.split('\n')[0]}\n` : `failed: ${error}\n`)
  }
}
setInterval(() => {}, 60_000)
