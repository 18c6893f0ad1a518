/** In the header of whoever is signed in: how many alerts are unread, and the way to them. */
import { ActionIcon, Tooltip } from '@mantine/core'
import { IconBell } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useLazyDialog } from '../shell/use-lazy-dialog.ts'
import classes from './alert-bell.module.css'
import { countedTo, followAlerts, unreadQuery } from './alert-queries.ts'

const loadDrawer = async () => (await import('./alert-drawer.tsx')).AlertDrawer

export function AlertBell({ personId }: { personId: string }) {
  const { data } = useQuery(unreadQuery)
  const drawer = useLazyDialog(loadDrawer, 'The alerts could not be opened')
  useEffect(() => followAlerts(personId), [personId])
  const unread = data?.unread ?? 0
  const shown = unread >= countedTo ? `${countedTo - 1}+` : String(unread)
  return (
    <>
      <Tooltip label="Alerts">
        <ActionIcon
          variant="subtle"
          color="gray"
          size="2.75rem"
          className={classes.bell}
          aria-label={unread === 0 ? 'Alerts' : `Alerts, ${shown} unread`}
          aria-haspopup="dialog"
          onClick={drawer.open}
          onPointerEnter={drawer.prefetch}
          onFocus={drawer.prefetch}
        >
          <IconBell size="1.375rem" stroke={1.5} aria-hidden />
          {unread > 0 && (
            <span className={classes.count} aria-hidden>
              {shown}
            </span>
          )}
        </ActionIcon>
      </Tooltip>
      {drawer.Dialog && <drawer.Dialog {...drawer.state} />}
    </>
  )
}
