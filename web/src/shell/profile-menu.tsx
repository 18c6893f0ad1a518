/** The person who is signed in: their account, what they administer, how the app looks to them, and the way out. */
import { Badge, Menu, UnstyledButton, useMantineColorScheme, VisuallyHidden } from '@mantine/core'
import { IconLogout } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { Fragment, useRef } from 'react'
import type { Person } from '../../../shared/account.ts'
import { hasCapability } from '../../../shared/capabilities.ts'
import { PersonAvatar } from '../account/person-avatar.tsx'
import { roleNames } from '../account/role-names.ts'
import { useProducts } from '../products/use-products.ts'
import { colorSchemes } from './color-schemes.ts'
import classes from './profile-menu.module.css'

export function ProfileMenu({ person, onSignOut }: { person: Person; onSignOut: () => void }) {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const role = roleNames[person.role]
  const chip = useRef<HTMLButtonElement>(null)
  const askToSignOut = () => {
    // A dialog that opens returns the focus to where it was, and the item of the menu is removed.
    chip.current?.focus()
    onSignOut()
  }
  const menus = useProducts()
    .map(({ menu = [] }) => menu.filter(({ access }) => !access || hasCapability(person.role, access)))
    .filter(({ length }) => length > 0)
  return (
    // Inside the header, where it belongs to a landmark; a placeholder for the focus is no item of a menu.
    <Menu position="bottom-end" width={264} withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <UnstyledButton ref={chip} className={classes.chip}>
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
        {menus.map((menu) => (
          <Fragment key={menu[0]?.path}>
            <Menu.Divider />
            {menu.map(({ name, path, icon: EntryIcon }) => (
              <Menu.Item
                key={path}
                leftSection={<EntryIcon size="1.125rem" stroke={1.5} aria-hidden />}
                renderRoot={(props) => <Link to={path} {...props} />}
              >
                {name}
              </Menu.Item>
            ))}
          </Fragment>
        ))}
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
        <Menu.Item leftSection={<IconLogout size="1.125rem" stroke={1.5} aria-hidden />} onClick={askToSignOut}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
