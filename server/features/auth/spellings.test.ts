/** One spelling for each address and each password, however it was typed; and what is none is refused before any work is done. */
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { users } from '../../platform/identity/table.ts'
import { buildTestApp } from '../../test/app.ts'
import { codeOf, newAccount, registered } from '../../test/passwords.ts'

const app = await buildTestApp()
const { db } = app.database

const call = (path: string, input: unknown) => app.browser().mutate(path, input)

describe('an address', () => {
  it.each([
    ['upper case', (email: string) => email.toUpperCase()],
    ['blanks around', (email: string) => `  ${email}\t`],
    ['a line end behind', (email: string) => `${email}\r\n`],
    ['a zero-width no-break space before', (email: string) => `\ufeff${email}`],
  ])('is the same with %s', async (_, typed) => {
    const { email, password, id } = await registered(app)
    expect((await call('auth.login', { email: typed(email), password })).json().result.data.user.id).toBe(id)
    expect(codeOf(await call('auth.register', { ...newAccount(), email: typed(email) }))).toEqual([
      409,
      'EMAIL_ALREADY_EXISTS',
    ])
  })

  it('is kept in lower case', async () => {
    const account = newAccount()
    await call('auth.register', { ...account, email: account.email.toUpperCase() })
    expect(await db.$count(users, eq(users.email, account.email))).toBe(1)
  })

  it.each([
    ['two, by comma', 'a@example.org,b@example.org'],
    ['two, by semicolon', 'a@example.org;b@example.org'],
    ['two, by blank', 'a@example.org b@example.org'],
    ['a header behind', 'a@example.org\r\nBcc: b@example.org'],
    ['a line feed within', 'a\n@example.org'],
    ['a NUL', 'a\0@example.org'],
    ['a look-alike @', 'a\uff20example.org'],
    ['a small @', 'a\ufe6bexample.org'],
    ['a zero-width space', 'a\u200b@example.org'],
    ['a soft hyphen', 'a\u00ad@example.org'],
    ['a right-to-left override', 'a\u202e@example.org'],
    ['a Cyrillic a', '\u0430@example.org'],
    ['a Kelvin sign, whose lower case is a k', '\u212aim@example.org'],
    ['a dotless i', 'm\u0131ke@example.org'],
    ['a long s', '\u017fam@example.org'],
    ['a name around it', 'Ada <a@example.org>'],
    ['quotes', '"a b"@example.org'],
    ['a comment', 'a(x)@example.org'],
    ['an address literal', 'a@[127.0.0.1]'],
    ['no dot', 'a@localhost'],
    ['two dots', 'a..b@example.org'],
    ['two @', 'a@b@example.org'],
    ['no name', '@example.org'],
    ['65 signs before the @', `${'a'.repeat(65)}@example.org`],
    ['255 signs', `a@${'b.'.repeat(125)}org`],
    ['a megabyte', `${'a'.repeat(900_000)}@example.org`],
    ['half a pair', 'a\ud800@example.org'],
    ['an array', ['a@example.org']],
    ['an object', { toString: 'a@example.org' }],
    ['null', null],
  ])('is refused when it is %s', async (_, email) => {
    const people = await db.$count(users)
    for (const path of ['auth.register', 'auth.login', 'auth.forgotPassword', 'auth.resendVerification']) {
      const answer = await call(path, { ...newAccount(), email })
      expect(codeOf(answer)).toEqual([400, 'VALIDATION_ERROR'])
      expect(answer.json().error.data.details[0].field).toBe('email')
    }
    expect(await db.$count(users)).toBe(people)
  })
})

/** Of two classes by turns: putting them in order takes the square of their number. */
const marks = '\u0301\u0323'.repeat(220_000)

describe('a password', () => {
  it.each([
    ['emoji', 'Aa1-👩🏽‍🚀🏳️‍🌈-battery'],
    ['73 bytes', `Horse-battery-${'1'.repeat(59)}`],
    ['128 characters of four bytes', `${[...'𝔷𝔬𝔵𝔠𝔳𝔟𝔫𝔪𝔨𝔩𝔧𝔥𝔤𝔡𝔰𝔞𝔴𝔢𝔯𝔱'].join('')}${'𝔸'.repeat(108)}`],
    ['blanks around', '  Aa-1 horse  '],
    ['letters of many scripts', 'Ünï-цо-正しい-1A'],
    ['quotes and templates', `Aa1'"; drop table users; -- \${x}`],
  ])('is taken whole: %s', async (_, password) => {
    const { email } = await registered(app, { password })
    expect((await call('auth.login', { email, password })).statusCode).toBe(200)
    for (const other of [
      password.slice(0, -1),
      `${password}x`,
      password.trim() === password ? ` ${password}` : password.trim(),
    ])
      expect(codeOf(await call('auth.login', { email, password: other }))).toEqual([401, 'WRONG_CREDENTIALS'])
  })

  it('is the same composed and decomposed', async () => {
    const password = 'Zoë-Straße-1 ñ'
    const { email } = await registered(app, { password: password.normalize('NFD') })
    for (const form of ['NFC', 'NFD'])
      expect((await call('auth.login', { email, password: password.normalize(form) })).statusCode).toBe(200)
  })

  it.each([
    ['seven characters', 'Aa-1234'],
    ['seven emoji', 'Aa1😀😀😀😀'],
    ['129 characters', `Aa-1${'x'.repeat(125)}`],
    ['no capital', 'aa-12345'],
    ['no small letter', 'AA-12345'],
    ['no digit', 'Aa-aaaaa'],
    ['no other sign', 'Aa123456'],
    ['a NUL', 'Aa-12345\0'],
    ['a line feed', 'Aa-12345\n'],
    ['half a pair', 'Aa-12345\ud800'],
    ['common', 'Password1!'],
    ['a megabyte', `Aa-1${'x'.repeat(900_000)}`],
    // Composing them takes minutes, and they are refused before.
    ['a megabyte of marks on one letter', `Aa-1${marks}`],
    ['a number', 12345678],
    ['an array', ['Aa-12345678']],
    ['null', null],
  ])('is refused when it is %s', async (_, password) => {
    const people = await db.$count(users)
    for (const path of ['auth.register', 'auth.signUp']) {
      const answer = await call(path, { ...newAccount(), password })
      expect(codeOf(answer)).toEqual([400, 'VALIDATION_ERROR'])
      expect(answer.json().error.data.details[0].field).toBe('password')
    }
    expect(await db.$count(users)).toBe(people)
  })

  it.each([
    ['a megabyte', 'x'.repeat(900_000), 400],
    ['a megabyte of marks on one letter', `x${marks}`, 400],
    ['nothing', '', 400],
    ['a NUL', 'Aa-1\0', 401],
    ['half a pair', '\ud83d', 401],
    ['512 emoji', '😀'.repeat(256), 401],
  ])('that nobody can have is compared or refused, and no fault of ours: %s', async (_, password, status) => {
    const { email } = await registered(app)
    expect((await call('auth.login', { email, password })).statusCode).toBe(status)
  })
})

it('what else comes with a registration has no effect', async () => {
  const account = newAccount()
  const more = {
    role: 'admin',
    id: '01a1f8b5-1c8b-7611-ad4b-aa7da4b91540',
    emailVerified: true,
    isActive: false,
    userId: 'x',
  }
  const { user } = (await call('auth.register', { ...account, ...more })).json().result.data
  expect(user).toMatchObject({ role: 'user', emailVerified: false })
  expect(user.id).not.toBe(more.id)
  expect((await call('auth.login', account)).statusCode).toBe(200)
})
