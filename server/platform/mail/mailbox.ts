/**
 * The mailbox that an address most likely reaches: letter case and what follows a `+` are left out. For budgets of mails alone. An account has one
 * address exactly as it was verified, because at some hosts `+` is part of another user's address.
 */
export const mailboxOf = (address: string): string => address.toLowerCase().replace(/\+[^@]*(?=@)/, '')
