import { ActionIcon, Badge, Menu } from '@mantine/core'
import {
  IconApi,
  IconDots,
  IconHistory,
  IconLogout,
  IconUser,
  IconUserCheck,
  IconUserEdit,
  IconUserOff,
} from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useRef } from 'react'
import type { Role } from '../../../shared/account.ts'
import type { ManagedPerson } from '../../../shared/people.ts'
import { roleNames } from '../account/role-names.ts'
import { Row } from '../page/row.tsx'
import { TimeAgo } from '../page/time-ago.tsx'
import type { Act } from './person-acts.ts'
import classes from './person-row.module.css'

interface Props {
  person: ManagedPerson
  isMe: boolean
  isReadOnly: boolean
  isPending: boolean
  /** `opener`: what the focus goes back to. */
  onAct: (act: Act, opener: HTMLElement | null) => void
}

export function PersonRow({ person, isMe, isReadOnly, isPending, onAct }: Props) {
  const { email, emailVerified, username, displayName, role, active, lastActiveAt } = person
  return (
    <Row
      icon={active ? IconUser : IconUserOff}
      isPending={isPending}
      strong={
        <>
          {displayName}
          {username !== null && <span className={classes.username}>@{username}</span>}
          {isMe && <Badge variant="light">You</Badge>}
        </>
      }
      quiet={
        <>
          {email ?? 'No address'}
          {/* Anybody can have typed it in: nobody is to be made an administrator for it. */}
          {email && !emailVerified && ' (not confirmed)'} ·{' '}
          {lastActiveAt ? (
            <>
              Active <TimeAgo at={lastActiveAt} />
            </>
          ) : (
            'Not active yet'
          )}
        </>
      }
      side={
        <div className={classes.side}>
          {!active && (
            <Badge variant="light" color="red">
              Disabled
            </Badge>
          )}
          <Badge variant="light" color="gray">
            {roleNames[role]}
          </Badge>
          <PersonMenu person={person} isReadOnly={isReadOnly || isPending} onAct={onAct} />
        </div>
      }
    />
  )
}

function PersonMenu({ person, isReadOnly, onAct }: Pick<Props, 'person' | 'isReadOnly' | 'onAct'>) {
  const { id, displayName, role, active } = person
  const button = useRef<HTMLButtonElement>(null)
  const act = (next: Act) => onAct(next, button.current)
  const icon = (Icon: typeof IconUser) => <Icon size="1.125rem" stroke={1.5} aria-hidden />
  return (
    <Menu position="bottom-end" width={240} withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <ActionIcon
          ref={button}
          variant="default"
          size="2.25rem"
          disabled={isReadOnly}
          aria-label={`Actions for ${displayName}`}
          title={`Actions for ${displayName}`}
        >
          <IconDots size="1.125rem" aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Role</Menu.Label>
        <Menu.RadioGroup
          value={role}
          onChange={(chosen) => chosen !== role && act({ type: 'change-role', role: chosen as Role })}
        >
          {Object.entries(roleNames).map(([value, label]) => (
            <Menu.RadioItem key={value} value={value} closeMenuOnClick>
              {label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Item leftSection={icon(IconLogout)} onClick={() => act({ type: 'sign-out' })}>
          Sign out everywhere
        </Menu.Item>
        {active ? (
          <Menu.Item leftSection={icon(IconUserOff)} onClick={() => act({ type: 'disable' })}>
            Disable
          </Menu.Item>
        ) : (
          <Menu.Item leftSection={icon(IconUserCheck)} onClick={() => act({ type: 'enable' })}>
            Enable
          </Menu.Item>
        )}
        <Menu.Divider />
        <Menu.Item
          leftSection={icon(IconApi)}
          renderRoot={(props) => <Link to="/admin/api-keys" search={{ personId: id }} {...props} />}
        >
          API keys
        </Menu.Item>
        <Menu.Item
          leftSection={icon(IconHistory)}
          renderRoot={(props) => <Link to="/admin/audit" search={{ actorId: id }} {...props} />}
        >
          Their actions
        </Menu.Item>
        <Menu.Item
          leftSection={icon(IconUserEdit)}
          renderRoot={(props) => <Link to="/admin/audit" search={{ target: `person:${id}` }} {...props} />}
        >
          Changes to this user
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
