import { setTimeout as delay } from 'node:timers/promises'
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { buildTestApp, newPerson, quickChecks, type TestApp } from '../../test/app.ts'
import { makeAdministrator } from '../../test/calls.ts'
import { signedIn } from '../../test/followers.ts'
import { anotherPassword, forgotten, mailedToken, newAccount, registered } from '../../test/passwords.ts'
import { until } from '../../test/until.ts'
import { defaultProfileTrustMs, type Profile, Profiles } from './profiles.ts'
import { users } from './table.ts'

const app = await buildTestApp({ times: quickChecks })
const hiding = await buildTestApp({ environment: { AUTH_HIDE_EXISTENCE: 'true' } })

const ok = async (answer: ReturnType<Awaited<ReturnType<TestApp['signIn']>>['mutate']>) => {
  const { statusCode, body } = await answer
  expect(statusCode, body).toBe(200)
}

/** Makes a person, and then changes by what it returns what they are shown. */
type Prepare = () => Promise<{ of: TestApp; id: string; change: () => Promise<unknown> }>
const changes: Record<string, Prepare> = {
  'another name': async () => {
    const { browser, id } = await signedIn(app)
    return { of: app, id, change: () => ok(browser.mutate('account.updateProfile', { displayName: 'Ada' })) }
  },
  'a username': async () => {
    const { browser, id } = await signedIn(app)
    const { username } = newAccount()
    return { of: app, id, change: () => ok(browser.mutate('account.updateProfile', { username })) }
  },
  'another time zone': async () => {
    const { browser, id } = await signedIn(app)
    return { of: app, id, change: () => ok(browser.mutate('account.updateProfile', { timezone: 'Europe/Rome' })) }
  },
  'other settings': async () => {
    const { browser, id } = await signedIn(app)
    const input = {
      privacySettings: { profile: 'nobody' },
      notificationPreferences: { weekly_reminder: { byMail: false } },
    }
    return { of: app, id, change: () => ok(browser.mutate('account.updateProfile', input)) }
  },
  'another role': async () => {
    const [{ id }, admin] = [await signedIn(app), await signedIn(app)]
    await makeAdministrator(app, admin)
    const input = { personId: id, role: 'engineer' }
    return { of: app, id, change: () => ok(admin.browser.mutate('people.changeRole', input)) }
  },
  'a proven address': async () => {
    const { browser, id, email } = await registered(app)
    const token = await mailedToken(app, email, 'verify-email')
    return { of: app, id, change: () => ok(browser.mutate('auth.verifyEmail', { token })) }
  },
  'a proven address, which gives them their username': async () => {
    const { browser, id, email, password } = await registeredUnseen()
    const token = await mailedToken(hiding, email, 'verify-email')
    return { of: hiding, id, change: () => ok(browser.mutate('auth.verifyEmail', { token, password })) }
  },
  'an address that is taken back': async () => {
    const { id, email } = await registered(app)
    const token = await mailedToken(app, email, 'verify-email')
    return { of: app, id, change: () => ok(app.browser().mutate('auth.reclaimAddress', { token })) }
  },
  'a password by mail, which proves the address': async () => {
    const { browser, id, email } = await registered(app)
    const input = { token: await forgotten(app, email), newPassword: anotherPassword() }
    return { of: app, id, change: () => ok(browser.mutate('auth.resetPassword', input)) }
  },
  'signing in by password': async () => {
    const { id, email, password } = await registered(app)
    return { of: app, id, change: () => ok(app.browser().mutate('auth.login', { email, password })) }
  },
  'signing in by a provider': async () => {
    const claims = newPerson()
    const { id } = (await (await app.signIn(claims)).get('/me')).json()
    return { of: app, id, change: () => app.signIn({ ...claims, picture: 'https://img.example/b.png' }) }
  },
  'signing in by a provider that proves the address of somebody else’s account': async () => {
    const { id, email } = await registered(app)
    return { of: app, id, change: () => app.signIn({ ...newPerson(), email }) }
  },
}

async function registeredUnseen() {
  const account = newAccount()
  const browser = hiding.browser()
  await ok(browser.mutate('auth.signUp', account))
  const [user] = await hiding.database.db.select().from(users).where(eq(users.email, account.email))
  return { ...account, browser, id: String(user?.id) }
}

describe('what a person is shown of themselves', () => {
  it.each(Object.entries(changes))('is new as soon as the change is answered: %s', async (_, prepare) => {
    const { of, id, change } = await prepare()
    const { profiles, database, notices } = of.inside
    const before = await profiles.find(id)
    await change()
    const after = await profiles.find(id)
    expect(after).not.toEqual(before)
    expect(after).toEqual(await new Profiles(database.db, notices).find(id))
  })

  it('is new soon though nobody said that it changed, and however often it is asked meanwhile', async () => {
    const { browser, id } = await signedIn(app)
    for (let n = 0; n < 3; n++) {
      await browser.get('/me')
      const displayName = `Renamed ${n}`
      await app.database.db.update(users).set({ displayName }).where(eq(users.id, id))
      await until('the name', async () => (await browser.get('/me')).json().displayName === displayName)
    }
  })

  it('is new within a second where the trust is the default one', () => {
    expect(defaultProfileTrustMs).toBeLessThanOrEqual(900)
  })

  it('is nothing where there is nobody', async () => {
    expect(await app.inside.profiles.find('0192f0c1-7c3a-7000-8000-0123456789ab')).toBe(null)
  })
})

describe('a read', () => {
  /** With a database in which the person is called by how often it was asked, and which answers when it is told to. */
  function slow(trustMs?: number) {
    const listeners = new Map<string, (notice: { personIds: string[] }) => void>()
    const waiting: (() => void)[] = []
    let reads = 0
    const execute = ({ id }: { id: string }) => {
      const row = { id, displayName: `${++reads}` } as Profile
      return new Promise<Profile[]>((resolve) => waiting.push(() => resolve([row])))
    }
    const query = { select: () => query, from: () => query, where: () => query, prepare: () => ({ execute }) }
    const notices = { on: (type: string, listener: never) => void listeners.set(type, listener) }
    const profiles = new Profiles(query as never, notices as never, trustMs)
    return {
      find: async () => (await profiles.find('ada'))?.displayName,
      answer: () => waiting.shift()?.(),
      hear: (type: string, personIds: string[] = []) => listeners.get(type)?.({ personIds }),
      get reads() {
        return reads
      },
    }
  }
  async function read(people: ReturnType<typeof slow>) {
    const found = people.find()
    people.answer()
    return found
  }

  it('is trusted from when it began, and not from when it was answered', async () => {
    const people = slow(50)
    const found = people.find()
    await delay(60)
    people.answer()
    expect(await found).toBe('1')
    // The cache knows the time as of a moment ago.
    await delay(10)
    expect(await read(people)).toBe('2')
  })

  it.each(['people.changed', 'notices.connected'])('of before %s is not trusted', async (notice) => {
    const people = slow()
    expect(await read(people)).toBe('1')
    expect(await people.find()).toBe('1')
    people.hear(notice, ['ada'])
    expect(await read(people)).toBe('2')
    expect(people.reads).toBe(2)
  })

  it.each(['people.changed', 'notices.connected'])('during which %s came is not trusted', async (notice) => {
    const people = slow()
    const found = people.find()
    people.hear(notice, ['ada'])
    people.answer()
    expect(await found).toBe('1')
    expect(await read(people)).toBe('2')
    expect(await people.find()).toBe('2')
  })

  it('of somebody else is trusted on', async () => {
    const people = slow()
    await read(people)
    people.hear('people.changed', ['bob'])
    expect(await people.find()).toBe('1')
  })
})
