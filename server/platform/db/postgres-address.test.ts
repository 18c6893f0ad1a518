import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { addressOf } from './postgres-address.ts'

const file = join(mkdtempSync(join(tmpdir(), 'plinth-tls-')), 'ca.pem')
writeFileSync(file, 'an authority')

it('reads host, port, user, password and database, each percent-encoded', () => {
  expect(addressOf('postgres://ada%40x:p%3A%25@db.internal:6000/the%20one')).toEqual({
    host: 'db.internal',
    port: 6000,
    path: null,
    user: 'ada@x',
    password: 'p:%',
    database: 'the one',
    ssl: false,
    options: null,
  })
})

it('defaults to port 5432 and to the user of this process', () => {
  expect(addressOf('postgres://db.internal/plinth')).toMatchObject({ port: 5432, user: userInfo().username })
})

it.each([
  ['postgres://[::1]:6000/plinth', { host: '::1', port: 6000, path: null }],
  ['postgres://%2Frun%2Fpg/plinth', { host: '/run/pg', path: '/run/pg/.s.PGSQL.5432' }],
  ['postgres://any/plinth?host=/run/pg&port=6000', { host: '/run/pg', path: '/run/pg/.s.PGSQL.6000' }],
])('reads the host of %s', (url, address) => {
  expect(addressOf(url)).toMatchObject(address)
})

const unverified = { rejectUnauthorized: false }
const anyHost = { checkServerIdentity: expect.any(Function) }
it.each([
  ['', false],
  ['?sslmode=disable', false],
  [`?sslmode=disable&sslrootcert=${file}`, false],
  ['?ssl=false', false],
  ['?ssl=true', {}],
  ['?sslmode=require', unverified],
  [`?sslmode=require&sslrootcert=${file}`, { ca: 'an authority', ...anyHost }],
  [`?sslmode=verify-ca&sslrootcert=${file}`, { ca: 'an authority', ...anyHost }],
  ['?sslmode=verify-full', {}],
  [`?sslmode=verify-full&sslcert=${file}&sslkey=${file}`, { cert: 'an authority', key: 'an authority' }],
])('uses TLS as %j asks for', (parameters, ssl) => {
  expect(addressOf(`postgres://db.internal/plinth${parameters}`).ssl).toEqual(ssl)
})

it('passes on the settings of the session, and no parameter of another program', () => {
  const { options, ...address } = addressOf('postgres://db/plinth?options=-c%20search_path%3Da&pgbouncer=true&schema=b')
  expect(options).toBe('-c search_path=a')
  expect(JSON.stringify(address)).not.toMatch(/pgbouncer|schema/)
})
