/** The person who is signed in: their account, what they administer, how the app looks to them, and the way out. */
import { Badge, Menu, UnstyledButton, useMantineColorScheme, VisuallyHidden } from '@mantine/core'
import { IconDevices, IconHistory, IconLogout, IconUserCircle, IconUsers } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { Person } from '../../../shared/account.ts'
import { hasCapability } from '../../../shared/capabilities.ts'
import { PersonAvatar } from '../account/person-avatar.tsx'
import { roleNames } from '../account/role-names.ts'
import { colorSchemes } from './color-schemes.ts'
import classes from './profile-menu.module.css'

export function ProfileMenu({ person, onSignOut }: { person: Person; onSignOut: () => void }) {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const role = roleNames[person.role]
  const mayManage = hasCapability(person.role, 'person:manage')
  const mayAudit = hasCapability(person.role, 'audit-log:read')
  return (
    // Inside the header, where it belongs to a landmark; a placeholder for the focus is no item of a menu.
    <Menu position="bottom-end" width={264} withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <UnstyledButton className={classes.chip}>
          <PersonAvatar person={person} size="2.25rem" />
          <span className={classes.name}>{person.displayName}</span>
          <Badge variant="light" color="gray" className={classes.role}>
            {role}
          </Badge>
          <VisuallyHidden>, account menu</VisuallyHidden>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown className={classes.dropdown}>
        <div className={classes.who}>
          <strong>{person.displayName}</strong>
          <span>{person.email ?? role}</span>
        </div>
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconUserCircle size="1.125rem" stroke={1.5} aria-hidden />}
          renderRoot={(props) => <Link to="/account" {...props} />}
        >
          Account
        </Menu.Item>
        <Menu.Item
          leftSection={<IconDevices size="1.125rem" stroke={1.5} aria-hidden />}
          renderRoot={(props) => <Link to="/account/devices" {...props} />}
        >
          Devices
        </Menu.Item>
        {(mayManage || mayAudit) && <Menu.Divider />}
        {mayManage && (
          <Menu.Item
            leftSection={<IconUsers size="1.125rem" stroke={1.5} aria-hidden />}
            renderRoot={(props) => <Link to="/admin/people" {...props} />}
          >
            People
          </Menu.Item>
        )}
        {mayAudit && (
          <Menu.Item
            leftSection={<IconHistory size="1.125rem" stroke={1.5} aria-hidden />}
            renderRoot={(props) => <Link to="/admin/audit" {...props} />}
          >
            Audit log
          </Menu.Item>
        )}
        <Menu.Divider />
        <Menu.Label>Colour scheme</Menu.Label>
        <Menu.RadioGroup value={colorScheme} onChange={(value) => setColorScheme(value as typeof colorScheme)}>
          {colorSchemes.map(({ value, label }) => (
            <Menu.RadioItem key={value} value={value}>
              {label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size="1.125rem" stroke={1.5} aria-hidden />} onClick={onSignOut}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
