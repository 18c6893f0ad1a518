import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import type { FoundProfile, UpdateProfile } from '../../../shared/profiles.ts'
import { newId } from '../../platform/db/columns.ts'
import { users } from '../../platform/identity/table.ts'
import { buildTestApp } from '../../test/app.ts'
import { signedIn } from '../../test/followers.ts'
import { groupMemberships, groups } from '../groups/table.ts'

const app = await buildTestApp()
const { browser } = await signedIn(app)

/** Of one test: no other test has a name with it. */
const newWord = () => `q${newId().slice(-8)}`
const search = async (q: string, as = browser) => {
  const answer = await as.get(`/api/v1/users/search?q=${encodeURIComponent(q)}`)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json().data.items as FoundProfile[]
}
const names = (found: readonly FoundProfile[]) => found.map(({ displayName }) => displayName)

type Settings = Pick<UpdateProfile, 'username' | 'displayName'> & { profile?: string; isActive?: boolean }
async function newUser({ username, displayName = 'Another User', profile = 'everyone', isActive = true }: Settings) {
  const privacySettings = { profile: profile as 'everyone', scores: 'group' as const }
  const row = { username, displayName, privacySettings, isActive, email: `${newId()}@example.org` }
  const [user] = await app.database.db.insert(users).values(row).returning()
  return String(user?.id)
}

/** A group of the caller and these users; returns its id. */
async function befriend(...ids: string[]): Promise<string> {
  const { id: groupId } = (await browser.mutate('groups.create', { name: 'Friends' })).json().result.data
  const permissions = { can_invite: false, can_kick: false }
  await app.database.db.insert(groupMemberships).values(ids.map((userId) => ({ groupId, userId, permissions })))
  await app.database.db
    .update(groups)
    .set({ memberCount: ids.length + 1 })
    .where(eq(groups.id, groupId))
  return groupId
}

describe('a search for users', () => {
  it('finds how a username begins, in any letter case, and not how it ends', async () => {
    const word = newWord()
    const id = await newUser({ username: `${word}_Ada` })
    await newUser({ username: `x_${word}` })
    const found = [{ userId: id, username: `${word}_Ada`, displayName: 'Another User', avatarUrl: null }]
    expect(await search(`${word.toUpperCase()}_a`)).toEqual(found)
    expect((await browser.query('profiles.search', { q: word })).json().result.data.items).toEqual(found)
  })

  it('finds the words of a display name, by their beginnings and without accents', async () => {
    const word = newWord()
    await newUser({ displayName: `Zoë ${word}` })
    expect(names(await search(word))).toEqual([`Zoë ${word}`])
    expect(names(await search(`${word.slice(0, -1)} zoe`))).toEqual([`Zoë ${word}`])
    expect(await search(`${word} adam`)).toEqual([])
  })

  it('ranks usernames before display names, and a whole name before its beginning', async () => {
    const word = newWord()
    await newUser({ displayName: `Mx ${word}` })
    await newUser({ displayName: `${word} Lovelace` })
    await newUser({ displayName: word })
    await newUser({ username: `${word}_b`, displayName: 'Fourth' })
    await newUser({ username: `${word}_a`, displayName: 'Third' })
    await newUser({ username: word, displayName: 'First' })
    expect(names(await search(word))).toEqual(['First', 'Third', 'Fourth', word, `${word} Lovelace`, `Mx ${word}`])
  })

  it('finds a user once who fits by both names', async () => {
    const word = newWord()
    await newUser({ username: word, displayName: word })
    expect(await search(word)).toHaveLength(1)
  })

  it('returns at most twenty, the best of them', async () => {
    const word = newWord()
    for (let n = 10; n < 35; n++) await newUser({ displayName: `${word} ${n}` })
    await newUser({ username: word, displayName: 'The best' })
    const found = names(await search(word))
    expect(found).toHaveLength(20)
    expect(found.slice(0, 3)).toEqual(['The best', `${word} 10`, `${word} 11`])
  })

  it('treats signs of patterns as text', async () => {
    const word = newWord()
    await newUser({ username: `${word}xa` })
    for (const q of [`${word}_a`, `${word}%`, '%%', '__', '((', "';", '\\\\', ':*', '!!'])
      expect(await search(q)).toEqual([])
  })

  it('does not find by an e-mail address, and returns none', async () => {
    const word = newWord()
    const id = await newUser({ username: word })
    const email = `${newWord()}@example.org`
    await app.database.db.update(users).set({ email }).where(eq(users.id, id))
    expect(await search(email)).toEqual([])
    expect(JSON.stringify(await search(word))).not.toContain('example.org')
  })

  it.each([undefined, '', ' ', 'a', ' a ', 'x'.repeat(81), 'a\u0000b'])('refuses the text %j', async (q) => {
    const query = q === undefined ? '' : `?q=${encodeURIComponent(q)}`
    const answer = await browser.get(`/api/v1/users/search${query}`)
    expect([answer.statusCode, answer.json().error.code]).toEqual([400, 'VALIDATION_ERROR'])
    expect(answer.json().error.details[0].field).toBe('q')
  })

  it('counts as ten calls, so that names cannot be harvested', async () => {
    const { browser } = await signedIn(app)
    const remaining = async () => {
      const { headers } = await browser.get('/api/v1/users/search?q=ad')
      return Number(headers['ratelimit-remaining'])
    }
    const before = await remaining()
    expect(await remaining()).toBe(before - 10)
  })
})

describe('who finds whom', () => {
  it.each([
    ['everyone', 'a stranger', true],
    ['everyone', 'a friend', true],
    ['friends', 'a stranger', false],
    ['friends', 'a friend', true],
    ['nobody', 'a stranger', false],
    ['nobody', 'a friend', false],
    ['a value from another release', 'a friend', false],
  ])('a profile for %s is found by %s: %s', async (profile, reader, isFound) => {
    const word = newWord()
    const byUsername = await newUser({ username: word, profile })
    const byName = await newUser({ displayName: word, profile })
    if (reader === 'a friend') await befriend(byUsername, byName)
    const found = await search(word)
    expect(found.map(({ userId }) => userId)).toEqual(isFound ? [byUsername, byName] : [])
  })

  it('a friend who fits neither by username nor by display name is not found', async () => {
    const friend = await newUser({ username: newWord(), profile: 'friends' })
    await befriend(friend)
    expect(await search(newWord())).toEqual([])
  })

  it('a user who left the group is no friend any more, and neither are the users of a deleted group', async () => {
    const [left, other] = [await signedIn(app), await signedIn(app)]
    const names = [newWord(), newWord()]
    for (const [n, { browser }] of [left, other].entries())
      await browser.mutate('account.updateProfile', { username: names[n] })
    const isFound = async () => [(await search(names[0] as string)).length, (await search(names[1] as string)).length]
    const groupId = await befriend(left.id, other.id)
    expect(await isFound()).toEqual([1, 1])
    await left.browser.mutate('groups.leave', { groupId })
    expect(await isFound()).toEqual([0, 1])
    await browser.mutate('groups.delete', { groupId })
    expect(await isFound()).toEqual([0, 0])
  })

  it('a user who shares no group with the caller is not found, unless the profile is for everyone', async () => {
    const { browser: other } = await signedIn(app)
    const username = newWord()
    await other.mutate('account.updateProfile', { username })
    expect(await search(username)).toEqual([])
    await other.mutate('account.updateProfile', { privacySettings: { profile: 'everyone' } })
    expect(await search(username)).toHaveLength(1)
    await other.mutate('account.updateProfile', { privacySettings: { profile: 'nobody' } })
    expect(await search(username)).toEqual([])
  })

  it('a disabled user is not found, not even by a friend', async () => {
    const word = newWord()
    const disabled = await newUser({ username: word, isActive: false })
    await befriend(disabled)
    expect(await search(word)).toEqual([])
  })

  it('a caller does not find their own profile', async () => {
    const { browser: other } = await signedIn(app)
    const username = newWord()
    await other.mutate('account.updateProfile', { username, privacySettings: { profile: 'everyone' } })
    expect(await search(username, other)).toEqual([])
    expect(await search(username)).toHaveLength(1)
  })
})
