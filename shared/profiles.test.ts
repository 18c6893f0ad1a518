import { expect, it } from 'vitest'
import { NotificationPreferences, notificationTypes, UpdateProfile } from './profiles.ts'
import { TimeZone } from './time-zone.ts'

it.each(['UTC', 'Europe/Berlin', 'Asia/Calcutta', 'Asia/Kolkata', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5'])(
  'accepts the time zone %s',
  (name) => {
    expect(TimeZone.parse(name)).toBe(name)
  },
)

it('accepts each time zone of the runtime', () => {
  expect(Intl.supportedValuesOf('timeZone').filter((name) => !TimeZone.safeParse(name).success)).toEqual([])
})

it.each(['', 'Mars/Olympus', 'Europe/berlin', 'utc', '+01:00', '-0530', 'Europe', 'Europe/Berlin; drop', 'Z', 5, null])(
  'refuses %j, which is no name of a time zone',
  (name) => {
    expect(TimeZone.safeParse(name).success).toBe(false)
  },
)

it('has a preference for each type of notification, with a default', () => {
  expect(Object.keys(NotificationPreferences.parse({}))).toEqual(notificationTypes)
  expect(Object.keys(UpdateProfile.shape.notificationPreferences.unwrap().shape)).toEqual(notificationTypes)
  expect(NotificationPreferences.parse({ weekly_reminder: { byMail: false } }).weekly_reminder).toEqual({
    inApp: true,
    byMail: false,
  })
})
