/** A user's own profile, and the one way to change it. */
import { eq } from 'drizzle-orm'
import { NotificationPreferences, type Profile, type UpdateProfile } from '../../../shared/profiles.ts'
import { noteChange } from '../../platform/audit/audit-log.ts'
import type { Database } from '../../platform/db/database.ts'
import { brokenUnique } from '../../platform/db/faults.ts'
import { afterCommit, withTransaction } from '../../platform/db/transaction.ts'
import { AppError } from '../../platform/errors/app-error.ts'
import type { Profiles, Profile as StoredProfile } from '../../platform/identity/profiles.ts'
import type { Actor, Sessions } from '../../platform/identity/sessions.ts'
import { type ChosenNotifications, type User, users } from '../../platform/identity/table.ts'
import { toPerson } from './service.ts'

/** @throws AppError SESSION_ENDED where the user was deleted */
export async function getProfile(profiles: Profiles, actor: Actor): Promise<Profile> {
  const profile = await profiles.find(actor.id)
  if (!profile) throw new AppError('SESSION_ENDED')
  return toProfile(profile)
}

/** What the input leaves out stays, also of settings. @throws AppError USERNAME_TAKEN, SESSION_ENDED */
export async function updateProfile(
  db: Database,
  actor: Actor,
  sessions: Sessions,
  { notificationPreferences, privacySettings, ...fields }: UpdateProfile,
): Promise<Profile> {
  return withTransaction(db, async (tx) => {
    const mine = eq(users.id, actor.id)
    const [before] = await tx.select().from(users).where(mine).for('no key update')
    if (!before) throw new AppError('SESSION_ENDED')
    const change: Partial<User> = {
      ...fields,
      ...(notificationPreferences && {
        notificationPreferences: withChosen(before.notificationPreferences, notificationPreferences),
      }),
      ...(privacySettings && { privacySettings: { ...before.privacySettings, ...privacySettings } }),
    }
    if (Object.keys(change).length === 0) return toProfile(before)
    try {
      const [user] = await tx.update(users).set(change).where(mine).returning()
      noteChange(tx, before, change)
      afterCommit(tx, () => sessions.announceChanged(actor.id))
      return toProfile(user as User)
    } catch (error) {
      throw brokenUnique(error) === 'users_username_key' ? new AppError('USERNAME_TAKEN', { cause: error }) : error
    }
  })
}

function withChosen(before: ChosenNotifications, chosen: ChosenNotifications): ChosenNotifications {
  const types = Object.keys(chosen) as (keyof ChosenNotifications)[]
  return { ...before, ...Object.fromEntries(types.map((type) => [type, { ...before[type], ...chosen[type] }])) }
}

const toProfile = (user: StoredProfile): Profile => ({
  ...toPerson(user),
  timezone: user.timezone,
  notificationPreferences: NotificationPreferences.parse(user.notificationPreferences),
  privacySettings: user.privacySettings,
  isActive: user.isActive,
  lastActiveAt: user.lastActiveAt?.toISOString() ?? null,
})
