/** In the place of what this person's role does not open: who may, and who can change that. */
import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { Role } from '../../../shared/account.ts'
import { type Capability, hasCapability } from '../../../shared/capabilities.ts'
import { roleNames } from '../account/role-names.ts'
import classes from './failure.module.css'

const roles = Object.keys(roleNames) as Role[]

export function NotAllowed({ role, capability }: { role: Role; capability: Capability }) {
  const allowed = roles.filter((other) => hasCapability(other, capability)).map((other) => roleNames[other])
  return (
    <div className={classes.block}>
      <p>You are not allowed to see this page.</p>
      <p>
        It is for people with the role {allowed.join(' or ')}; yours is {roleNames[role]}. An administrator can change
        your role.
      </p>
      <Button renderRoot={(props) => <Link to="/" {...props} />}>Go to home</Button>
    </div>
  )
}
