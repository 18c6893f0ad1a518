/** For each round: waits for the file `<folder>-<round>.go`, takes the lock of `<folder>-<round>` and holds it until killed. */
import { existsSync } from 'node:fs'
import { FolderInUse, lockFolder } from '../platform/db/folder-lock.ts'

const [folder = '', rounds = '1'] = process.argv.slice(2)
process.stdout.write('waiting\n')
for (let round = 0; round < Number(rounds); round++) {
  while (!existsSync(`${folder}-${round}.go`)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0.2)
  try {
    lockFolder(`${folder}-${round}`)
    process.stdout.write('held\n')
  } catch (error) {
    process.stdout.write(error instanceof FolderInUse ? `${error.message.split('\n')[0]}\n` : `failed: ${error}\n`)
  }
}
setInterval(() => {}, 60_000)
