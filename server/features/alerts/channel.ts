/** For everybody who is signed in. */
export const alertsChannel = 'alerts'
/** For the devices of one person, of what they have read. */
export const readsChannel = (userId: string) => `alerts:${userId}`
