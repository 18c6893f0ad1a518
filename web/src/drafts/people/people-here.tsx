/** Who else looks at the draft: some faces, and all names behind them. */
import { Popover, Tooltip, UnstyledButton, VisuallyHidden } from '@mantine/core'
import { useLayoutEffect, useRef, useState } from 'react'
import type { Present } from '../../../../shared/presence.ts'
import { PersonAvatar } from '../../account/person-avatar.tsx'
import classes from './people-here.module.css'

const most = 4

export function PeopleHere({ others }: { others: Present[] }) {
  return others.length > 0 && <Faces others={others} />
}

function Faces({ others }: { others: Present[] }) {
  const [isOpen, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const faces = root.current
    // The focus would be lost with the last who leaves.
    return () => {
      if (faces?.contains(document.activeElement)) document.querySelector('h1')?.focus({ preventScroll: true })
    }
  }, [])
  const shown = others.slice(0, others.length > most ? most - 1 : most)
  const more = others.length - shown.length
  return (
    <div ref={root}>
      <Popover
        opened={isOpen}
        onChange={setOpen}
        position="bottom-end"
        withinPortal={false}
        shadow="md"
        transitionProps={{ duration: 120 }}
      >
        <Popover.Target>
          <UnstyledButton
            className={classes.here}
            onClick={() => setOpen(!isOpen)}
            onKeyDown={({ key }) => key === 'Escape' && setOpen(false)}
          >
            <VisuallyHidden>Here now: {namesOf(others)}</VisuallyHidden>
            {shown.map(({ person, writing }) => (
              // In a portal: inside the button it would be part of its name while it is shown.
              <Tooltip key={person.id} label={person.displayName} withinPortal>
                <span className={classes.face} data-writing={writing || undefined}>
                  <PersonAvatar person={person} size="1.75rem" />
                </span>
              </Tooltip>
            ))}
            {more > 0 && (
              <span className={classes.more} aria-hidden>
                +{more}
              </span>
            )}
          </UnstyledButton>
        </Popover.Target>
        <Popover.Dropdown className={classes.names}>
          <h2 className={classes.title}>Here now</h2>
          <ul aria-label="Here now">
            {others.map(({ person, writing }) => (
              <li key={person.id}>
                <PersonAvatar person={person} size="1.5rem" />
                <span className={classes.name}>{person.displayName}</span>
                {writing && <span className={classes.writing}>writing…</span>}
              </li>
            ))}
          </ul>
        </Popover.Dropdown>
      </Popover>
    </div>
  )
}

/** Such as “Ada, Ben and Mira”. */
export const namesOf = (people: Present[]) =>
  new Intl.ListFormat('en', { type: 'conjunction' }).format(people.map(({ person }) => person.displayName))
