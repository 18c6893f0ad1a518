/** Where sign-in begins and where providers send people back to: fixed, and registered with the provider. */
export const signInPath = '/auth/google'
export const callbackPath = `${signInPath}/callback`
