import { validate, version } from 'uuid'
import { expect, it } from 'vitest'
import { newRequestId } from './request-id.ts'

it('ids of requests are UUIDs of version 7, and no two alike', () => {
  // Past what is drawn at a time.
  const ids = Array.from({ length: 2000 }, newRequestId)
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of ids) expect([validate(id), validate(id) && version(id)]).toEqual([true, 7])
  // What is not time must differ too: ids of one millisecond are in many log lines.
  expect(new Set(ids.map((id) => id.slice(-12))).size).toBe(ids.length)
})
