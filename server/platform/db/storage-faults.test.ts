import { expect, it } from 'vitest'
import { storageFault } from './storage-faults.ts'

const fault = (code: string, path?: string) => Object.assign(new Error(`${code}: as Node says it`), { code, path })

it.each([
  [fault('ENOSPC'), /^The folder of the database is on a disk that is full/],
  [fault('EROFS', '/data/db.lock'), /^\/data\/db\.lock is on a disk that is read-only/],
  [fault('EIO', '/data/db.making'), /^\/data\/db\.making could not be written: its disk is full, or fails/],
  [fault('EACCES', '/data'), /^\/data may not be written by this user/],
])('%s is described to the operator in a sentence', (error, sentence) => {
  expect(storageFault(error)).toMatch(sentence)
})

it('an error of a port is not reported as a fault of the folder', () => {
  expect(storageFault(fault('EACCES'))).toBeNull()
  expect(storageFault(new Error('unknown'))).toBeNull()
})
