import type { Role } from '../../../shared/account.ts'

export const roleNames: Record<Role, string> = {
  viewer: 'Viewer',
  user: 'User',
  engineer: 'Engineer',
  admin: 'Admin',
}
