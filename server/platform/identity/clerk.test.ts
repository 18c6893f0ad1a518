/**
 * Tokens of Clerk, judged by Clerk's own verifier and by ours. Ours never takes one that theirs refuses; where it refuses what
 * theirs takes, it is for one of the reasons below.
 */

import { createPublicKey } from 'node:crypto'
import { verifyToken } from '@clerk/backend'
import { afterAll, expect, it } from 'vitest'
import { testEnvironment } from '../../test/app.ts'
import { nowS, sign, TestIssuer } from '../../test/token-issuer.ts'
import { readConfig } from '../config/config.ts'
import { outsideIssuers, verifyOutsideToken } from './issuers.ts'

const clerk = await TestIssuer.start()
const other = await TestIssuer.start()
afterAll(() => Promise.all([clerk.close(), other.close()]))
const party = 'https://app.example.org'
const issuers = outsideIssuers(
  readConfig(testEnvironment({ CLERK_ISSUER: clerk.url, CLERK_AUTHORIZED_PARTIES: party })),
)
const jwtKey = createPublicKey({ key: clerk.jwks[0] as never, format: 'jwk' }).export({
  format: 'pem',
  type: 'spki',
}) as string

const bends = {
  exp: [nowS() + 300, nowS() - 2, nowS() - 60, undefined],
  nbf: [undefined, nowS() - 10, nowS() + 60],
  iat: [nowS() - 5, nowS() + 60, undefined],
  sub: ['user_1', undefined, ''],
  azp: [party, 'https://evil.example', undefined],
  iss: [clerk.url, other.url, undefined],
  aud: [undefined, party, 'https://else.example'],
  sts: [undefined, 'active', 'pending'],
  typ: ['JWT', undefined, 'at+jwt'],
  key: ['clerk', 'other'],
}
type Bends = { [Name in keyof typeof bends]: (typeof bends)[Name][number] }

/** Why ours is stricter. */
const stricter: Record<string, (bend: Bends) => boolean> = {
  'another issuer, which theirs does not look at': ({ iss }) => iss !== clerk.url,
  'an empty subject, which theirs takes for one': ({ sub }) => sub === '',
  'for another audience, which theirs looks at only when told to': ({ aud }) => aud === 'https://else.example',
  'a session that waits for a second factor': ({ sts }) => sts === 'pending',
  'no time of issue, which tells a token from before the end of a session': ({ iat }) => iat === undefined,
}

it('our verification and Clerk’s accept the same tokens, except for the named reasons', async () => {
  const reasons = new Map(Object.keys(stricter).map((reason) => [reason, 0]))
  let both = 0
  let neither = 0
  for (const bend of each()) {
    const { typ, key, ...claims } = bend
    const header = { alg: 'RS256', kid: 'first', ...(typ !== undefined && { typ }) }
    const token = await sign({ sid: 'sess_1', ...claims }, header, (key === 'clerk' ? clerk : other).key())
    const ours = await verifyOutsideToken(issuers, token)
    const theirs = await verifyToken(token, { jwtKey, authorizedParties: [party], clockSkewInMs: 5000 }).then(
      () => true,
      () => false,
    )
    const said = JSON.stringify(bend)
    if (ours) expect(theirs, said).toBe(true)
    if (ours) both++
    else if (!theirs) neither++
    else {
      const because = Object.entries(stricter).filter(([, applies]) => applies(bend))
      expect(because, said).not.toEqual([])
      for (const [reason] of because) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    }
  }
  // None of the three is empty, and no reason is made up.
  expect(Math.min(both, neither, ...reasons.values()), JSON.stringify([both, neither, ...reasons])).toBeGreaterThan(0)
})

/** A good token, every single and every double bend of it. */
function* each(): Generator<Bends> {
  const good = Object.fromEntries(Object.entries(bends).map(([name, [first]]) => [name, first])) as Bends
  yield good
  const single = Object.entries(bends).flatMap(([name, [, ...values]]) => values.map((value) => ({ [name]: value })))
  for (const [at, one] of single.entries()) {
    yield { ...good, ...one }
    for (const two of single.slice(at + 1))
      if (Object.keys(two)[0] !== Object.keys(one)[0]) yield { ...good, ...one, ...two }
  }
}
