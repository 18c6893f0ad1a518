import { hash as argon2 } from '@node-rs/argon2'
import { hashSync } from '@node-rs/bcrypt'
import { describe, expect, it } from 'vitest'
import { PasswordHashes } from './password-hash.ts'

const hashes = new PasswordHashes()
const good = { good: true, stale: false }
const stale = { good: true, stale: true }
const wrong = { good: false, stale: false }

describe('a hash', () => {
  it('is argon2id with a salt of its own, of 19 MiB and two passes', async () => {
    const [one, two] = [await hashes.make('Horse-1-battery'), await hashes.make('Horse-1-battery')]
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    expect(two).not.toBe(one)
    expect(await hashes.check(one, 'Horse-1-battery')).toEqual(good)
  })

  it.each([
    ['another case', 'horse-1-battery'],
    ['a blank more', 'Horse-1-battery '],
    ['nothing', ''],
    ['a NUL and more', 'Horse-1-battery\0'],
    ['a megabyte', 'x'.repeat(1_000_000)],
    ['half a pair', '\ud83d'],
  ])('is not that of %s', async (_, other) => {
    expect(await hashes.check(await hashes.make('Horse-1-battery'), other)).toEqual(wrong)
  })

  it.each([
    ['emoji', '👩🏽‍🚀Aa1🏳️‍🌈'],
    ['73 bytes', `Aa-${'1'.repeat(70)}`],
    ['128 letters of four bytes', '𝔸'.repeat(128)],
    ['text around a NUL', 'Aa-1\0Bb-2'],
  ])('tells every byte apart: %s', async (_, password) => {
    const made = await hashes.make(password)
    expect(await hashes.check(made, password)).toEqual(good)
    expect(await hashes.check(made, `${password.slice(0, -1)}x`)).toEqual(wrong)
  })

  it('of weaker parameters is good and to be replaced', async () => {
    const weak = await argon2('Horse-1-battery', { memoryCost: 4096, timeCost: 3, parallelism: 1 })
    expect(await hashes.check(weak, 'Horse-1-battery')).toEqual(stale)
    expect(await hashes.check(weak, 'other')).toEqual(wrong)
  })

  it('that is none is nobody’s', async () => {
    for (const password of ['', 'Horse-1-battery', '\0']) expect(await hashes.check(null, password)).toEqual(wrong)
  })
})

describe('a bcrypt hash of an import', () => {
  // Three names of one algorithm: they tell which faults of old programs a hash is free of.
  it.each(['2a', '2b', '2y'])('$%s$ is checked, and to be replaced', async (version) => {
    const imported = hashSync('Horse-1-battery', 4).replace('$2y$', `$${version}$`)
    expect(imported.startsWith(`$${version}$04$`)).toBe(true)
    expect(await hashes.check(imported, 'Horse-1-battery')).toEqual(stale)
    expect(await hashes.check(imported, 'horse-1-battery')).toEqual(wrong)
  })

  it('lets in by the 72 bytes that it knows, and does not make what is behind them the password', async () => {
    const imported = hashSync(`Aa-${'1'.repeat(90)}`, 4)
    expect(await hashes.check(imported, `Aa-${'1'.repeat(90)}`)).toEqual(good)
    expect(await hashes.check(imported, `Aa-${'1'.repeat(68)}2`)).toEqual(wrong)
  })

  it('does not end at a NUL', async () => {
    const imported = hashSync('Aa-1\0Bb', 4)
    expect(await hashes.check(imported, 'Aa-1\0Cc')).toEqual(wrong)
    expect(await hashes.check(imported, 'Aa-1')).toEqual(wrong)
  })

  it('of a cost that takes minutes is not begun', async () => {
    const slow = hashSync('x', 4).replace('$04$', '$31$')
    await expect(hashes.check(slow, 'x')).rejects.toThrow('cost 31')
  })

  it('of a form that nobody knows is a fault, and no wrong password', async () => {
    await expect(hashes.check('{SSHA}c2VjcmV0', 'x')).rejects.toThrow('neither of argon2 nor of bcrypt')
  })
})
