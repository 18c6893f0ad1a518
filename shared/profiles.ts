/** A user's profile: the names, the time zone, what they are notified of, and what other users may see of them. */
import { z } from 'zod'
import { Person } from './account.ts'
import { Username } from './auth.ts'
import { DisplayName } from './display-name.ts'
import { Id } from './id.ts'
import { Instant } from './instant.ts'
import { singleLine } from './text.ts'
import { TimeZone } from './time-zone.ts'

/** The keys of the preferences are the types as notifications have them, so that one finds the other. */
export const notificationTypes = ['group_invitation', 'friend_check_in', 'weekly_reminder'] as const
export const NotificationType = z.enum(notificationTypes)
export type NotificationType = z.infer<typeof NotificationType>

export const notificationWays = ['inApp', 'byMail'] as const
export type NotificationWay = (typeof notificationWays)[number]

/** What holds where the user has not chosen. */
const ways = (inApp: boolean, byMail: boolean) =>
  z.object({ inApp: z.boolean().default(inApp), byMail: z.boolean().default(byMail) }).prefault({})

export const NotificationPreferences = z
  .object({
    group_invitation: ways(true, true),
    friend_check_in: ways(true, false),
    weekly_reminder: ways(true, true),
  })
  .meta({ id: 'NotificationPreferences' })
export type NotificationPreferences = z.infer<typeof NotificationPreferences>

/** `friends` are the users with whom one shares an active group. */
export const profileAudiences = ['everyone', 'friends', 'nobody'] as const
export const scoreAudiences = ['group', 'nobody'] as const

export const PrivacySettings = z
  .object({
    profile: z.enum(profileAudiences).meta({ description: 'Who finds the profile' }),
    scores: z.enum(scoreAudiences).meta({ description: 'Who sees the scores of check-ins' }),
  })
  .meta({ id: 'PrivacySettings' })
export type PrivacySettings = z.infer<typeof PrivacySettings>
export const defaultPrivacySettings: PrivacySettings = { profile: 'friends', scores: 'group' }

export const Profile = Person.extend({
  timezone: TimeZone,
  notificationPreferences: NotificationPreferences,
  privacySettings: PrivacySettings,
  isActive: z.boolean(),
  /** Exact to about a minute. */
  lastActiveAt: Instant.nullable(),
}).meta({ id: 'Profile' })
export type Profile = z.infer<typeof Profile>

const ChosenWays = z.object({ inApp: z.boolean().optional(), byMail: z.boolean().optional() })

/** What is left out stays as it is, inside the two objects as well. */
export const UpdateProfile = z.object({
  displayName: DisplayName.optional(),
  username: Username.optional(),
  timezone: TimeZone.optional(),
  notificationPreferences: z
    .object({
      group_invitation: ChosenWays.optional(),
      friend_check_in: ChosenWays.optional(),
      weekly_reminder: ChosenWays.optional(),
    } satisfies Record<NotificationType, z.ZodType>)
    .optional(),
  privacySettings: PrivacySettings.partial().optional(),
})
export type UpdateProfile = z.infer<typeof UpdateProfile>

/** `shortest`: one letter would return the users of a twenty-sixth of all names. */
export const profileSearchLimits = { shortest: 2, longest: 80, results: 20 } as const

export const SearchProfiles = z.object({
  q: singleLine(profileSearchLimits.longest)
    .min(profileSearchLimits.shortest, `Must be at least ${profileSearchLimits.shortest} characters`)
    .meta({ description: 'How a username begins, or the words of a display name', example: 'ad' }),
})
export type SearchProfiles = z.infer<typeof SearchProfiles>

/** What other users see. No address is in it. */
export const FoundProfile = z
  .object({
    userId: Id,
    username: z.string().nullable().meta({ example: 'ada' }),
    displayName: z.string().meta({ example: 'Ada' }),
    avatarUrl: z.string().nullable().meta({ example: null }),
  })
  .meta({ id: 'FoundProfile' })
export type FoundProfile = z.infer<typeof FoundProfile>

/** The best first: usernames before display names, and of each the whole name before its beginning. */
export const FoundProfiles = z.object({ items: z.array(FoundProfile) })
export type FoundProfiles = z.infer<typeof FoundProfiles>
