import type { Identity } from '../../../shared/account.ts'

export const providerNames: Record<Identity['provider'], string> = { google: 'Google' }
