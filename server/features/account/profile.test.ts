import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { auditLogs } from '../../platform/audit/table.ts'
import { users } from '../../platform/identity/table.ts'
import { buildTestApp } from '../../test/app.ts'
import type { TestBrowser } from '../../test/browser.ts'
import { signedIn } from '../../test/followers.ts'
import { newAccount } from '../../test/passwords.ts'

const app = await buildTestApp()
const path = '/api/v1/users/profile'
const put = (browser: TestBrowser, payload: object) => browser.send({ method: 'PUT', url: path, payload })

describe('the profile', () => {
  it('is what /me has, with settings by default', async () => {
    const { browser } = await signedIn(app)
    const { success, data, meta } = (await browser.get(path)).json()
    expect([success, meta.version]).toEqual([true, expect.any(String)])
    expect(data).toEqual({
      ...(await browser.get('/me')).json(),
      timezone: 'UTC',
      notificationPreferences: {
        group_invitation: { inApp: true, byMail: true },
        friend_check_in: { inApp: true, byMail: false },
        weekly_reminder: { inApp: true, byMail: true },
      },
      privacySettings: { profile: 'friends', scores: 'group' },
      isActive: true,
      lastActiveAt: expect.stringMatching(/Z$/),
    })
    expect((await browser.query('account.profile')).json().result.data).toEqual(data)
  })

  it('changes in what is sent, and stays in everything else', async () => {
    const { browser } = await signedIn(app)
    const before = (await browser.get(path)).json().data
    const { username } = newAccount()
    const sent = { displayName: 'Ada', username, timezone: 'Asia/Kathmandu' }
    expect((await put(browser, sent)).json().data).toEqual({ ...before, ...sent })
    await put(browser, { privacySettings: { scores: 'nobody' } })
    await put(browser, { notificationPreferences: { weekly_reminder: { byMail: false } } })
    await put(browser, {
      notificationPreferences: { weekly_reminder: { inApp: false }, friend_check_in: { byMail: true } },
    })
    const after = {
      ...before,
      ...sent,
      privacySettings: { profile: 'friends', scores: 'nobody' },
      notificationPreferences: {
        group_invitation: { inApp: true, byMail: true },
        friend_check_in: { inApp: true, byMail: true },
        weekly_reminder: { inApp: false, byMail: false },
      },
    }
    expect((await browser.get(path)).json().data).toEqual(after)
    expect((await put(browser, {})).json().data).toEqual(after)
  })

  it('refuses each wrong field at once, and changes nothing then', async () => {
    const { browser } = await signedIn(app)
    const before = (await browser.get(path)).json().data
    const answer = await put(browser, {
      displayName: '',
      username: 'x',
      timezone: 'Mars/Olympus',
      privacySettings: { profile: 'group' },
      notificationPreferences: { weekly_reminder: { byMail: 'yes' } },
    })
    expect([answer.statusCode, answer.json().error.code]).toEqual([400, 'VALIDATION_ERROR'])
    expect(answer.json().error.details.map(({ field }: { field: string }) => field)).toEqual([
      'displayName',
      'username',
      'timezone',
      'notificationPreferences.weekly_reminder.byMail',
      'privacySettings.profile',
    ])
    expect((await browser.get(path)).json().data).toEqual(before)
  })

  it('refuses a username of another user in any letter case, and changes nothing then', async () => {
    const [{ browser }, other] = [await signedIn(app), await signedIn(app)]
    const { username } = newAccount()
    await put(other.browser, { username })
    const answer = await put(browser, { username: username.toUpperCase(), timezone: 'Europe/Rome' })
    expect([answer.statusCode, answer.json().error.code]).toEqual([409, 'USERNAME_TAKEN'])
    expect((await browser.get(path)).json().data).toMatchObject({ username: null, timezone: 'UTC' })
  })

  it('records what changed, before and after', async () => {
    const { browser, id } = await signedIn(app)
    await put(browser, { privacySettings: { profile: 'nobody' } })
    const [record] = await app.database.db
      .select()
      .from(auditLogs)
      .where(eq(auditLogs.target, `person:${id}`))
    expect(record).toMatchObject({
      action: 'account.updateProfile',
      actorId: id,
      before: { privacySettings: { profile: 'friends', scores: 'group' } },
      after: { privacySettings: { profile: 'nobody', scores: 'group' } },
    })
  })

  it('stores both changes of two calls at once', async () => {
    const { browser } = await signedIn(app)
    const answers = await Promise.all([
      put(browser, { privacySettings: { profile: 'nobody' } }),
      put(browser, { privacySettings: { scores: 'nobody' } }),
      put(browser, { notificationPreferences: { weekly_reminder: { byMail: false } } }),
      put(browser, { notificationPreferences: { weekly_reminder: { inApp: false } } }),
    ])
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200])
    expect((await browser.get(path)).json().data).toMatchObject({
      privacySettings: { profile: 'nobody', scores: 'nobody' },
      notificationPreferences: { weekly_reminder: { inApp: false, byMail: false } },
    })
  })

  it('writes the time of the last activity not once for each request', async () => {
    const { browser, id } = await signedIn(app)
    const first = (await browser.get(path)).json().data.lastActiveAt
    for (let n = 0; n < 5; n++) await browser.get(path)
    const [user] = await app.database.db.select().from(users).where(eq(users.id, id))
    expect(user?.lastActiveAt?.toISOString()).toBe(first)
  })
})
