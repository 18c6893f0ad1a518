import type { Product } from '../products/product.ts'

export const signInProduct: Product = {
  name: 'Sign-in',
  auditWords: {
    'auth.signUp': 'registered',
    'auth.register': 'registered by a program',
    'auth.signIn': 'signed in',
    'auth.login': 'signed in by a program',
    'auth.exchange': 'finished signing in',
    'auth.signInRefused': 'was refused at sign-in',
    'auth.refresh': 'renewed their sign-in',
    'auth.signOut': 'signed out',
    'auth.logout': 'signed out by a program',
    'auth.forgotPassword': 'requested a link to set a password',
    'auth.resetPassword': 'set a new password by mail',
    'auth.verifyEmail': 'confirmed an address',
    'auth.reclaimAddress': 'took their address back',
    'auth.resendVerification': 'requested a link to confirm an address',
    'auth.legacyHeader': 'signed in by X-User-Id',
  },
}
