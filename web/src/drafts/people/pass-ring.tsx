/** Hands the ring on: to the one other person at once, of several to the one that is chosen. */
import { Button, Menu } from '@mantine/core'
import { IconCircle } from '@tabler/icons-react'
import type { Collaborator } from '../../../../shared/drafts.ts'
import { fullName } from '../../account/full-name.ts'
import classes from '../segments/editor.module.css'

interface Props {
  others: Collaborator[]
  /** While what was written before has yet to arrive. */
  isDisabled: boolean
  onPass: (person: Collaborator) => void
}

export function PassRing({ others, isDisabled, onPass }: Props) {
  const [only, ...more] = others
  if (!only) return null
  const icon = <IconCircle size="0.875rem" stroke={4} aria-hidden />
  if (more.length === 0)
    return (
      <Button
        variant="default"
        leftSection={icon}
        className={classes.pass}
        disabled={isDisabled}
        onClick={() => onPass(only)}
      >
        Pass the ring to {fullName(only)}
      </Button>
    )
  return (
    <Menu position="top-end" withinPortal={false} withInitialFocusPlaceholder={false} returnFocus={false}>
      <Menu.Target>
        <Button variant="default" leftSection={icon} disabled={isDisabled}>
          Pass the ring
        </Button>
      </Menu.Target>
      <Menu.Dropdown className={classes.people}>
        {others.map((person) => (
          <Menu.Item key={person.id} onClick={() => onPass(person)}>
            Pass the ring to {fullName(person)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
