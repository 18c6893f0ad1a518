/**
 * The alerts: those that need a decision, then those that a decision or resolution has settled, each the newest first. Those that come while it is
 * open wait above until the user shows them, so that nothing moves.
 */
import { Button, Drawer, VisuallyHidden } from '@mantine/core'
import { IconArrowUp } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useId, useRef, useState } from 'react'
import type { Alert } from '../../../shared/alerts.ts'
import { itemsOf } from '../account/account-queries.ts'
import { ShowMore } from '../account/show-more.tsx'
import { SeverityMark } from '../drifts/drift-marks.tsx'
import { countWords } from '../drifts/drift-words.ts'
import { LoadFailure } from '../failure/load-failure.tsx'
import { RowSkeletons } from '../page/row-skeletons.tsx'
import { TimeAgo } from '../page/time-ago.tsx'
import type { DialogState } from '../shell/use-lazy-dialog.ts'
import { announce } from '../toasts/announcer.tsx'
import { showFailure } from '../toasts/toasts.tsx'
import classes from './alert-drawer.module.css'
import { openAlertsQuery, readAlert, readAllAlerts, settledAlertsQuery } from './alert-queries.ts'

export function AlertDrawer({ opened, onClose }: DialogState) {
  return (
    <Drawer.Root
      opened={opened}
      onClose={onClose}
      position="right"
      size="28rem"
      transitionProps={{ duration: 150 }}
      // The page's scrollbar is always there; taking it away would move the page behind.
      lockScroll={false}
      classNames={{ content: classes.content }}
    >
      <Drawer.Overlay />
      <Drawer.Content>
        <div className={classes.header}>
          <Drawer.Title className={classes.title}>Alerts</Drawer.Title>
          <Drawer.CloseButton aria-label="Close" />
        </div>
        <Drawer.Body className={classes.body}>
          {/* Mounted as the drawer opens, so that what is new is counted from then on. */}
          <AlertList onClose={onClose} />
        </Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  )
}

function AlertList({ onClose }: { onClose: () => void }) {
  const list = useInfiniteQuery(openAlertsQuery)
  const [isMarking, setMarking] = useState(false)
  const top = useRef<HTMLDivElement>(null)
  const alerts = list.data && itemsOf(list.data)
  /** Ids grow with time. */
  const [newestShown, setNewestShown] = useState<string | null>(null)
  const newest = alerts?.[0]?.id ?? null
  if (newestShown === null && newest !== null && !list.isFetching) setNewestShown(newest)
  const isNew = ({ id }: Alert) => newestShown !== null && id > newestShown
  const shown = alerts?.filter((alert) => !isNew(alert))
  const waiting = (alerts?.length ?? 0) - (shown?.length ?? 0)

  const markAll = async () => {
    setMarking(true)
    try {
      await readAllAlerts()
      announce('All alerts are marked as read')
    } catch (error) {
      showFailure('The alerts were not marked as read', error)
    } finally {
      setMarking(false)
    }
  }

  return (
    <>
      <div ref={top} tabIndex={-1} className={classes.acts}>
        <Button
          size="xs"
          variant="default"
          loading={isMarking}
          disabled={!alerts?.some(({ isRead }) => !isRead) && !list.hasNextPage}
          onClick={() => void markAll()}
        >
          Mark all as read
        </Button>
        {waiting > 0 && (
          <Button
            size="xs"
            leftSection={<IconArrowUp size="1rem" aria-hidden />}
            onClick={() => {
              setNewestShown(newest)
              top.current?.scrollIntoView({ block: 'nearest' })
              top.current?.focus({ preventScroll: true })
            }}
          >
            {countWords(waiting)} new
          </Button>
        )}
      </div>
      {list.error && !alerts && (
        <LoadFailure error={list.error} isRetrying={list.isFetching} onRetry={() => void list.refetch()} />
      )}
      {!list.error && !alerts && <RowSkeletons count={4} label="Loading alerts" />}
      {alerts?.length === 0 && <p>Nothing to decide. An alert is raised for each drift that is high or critical.</p>}
      {shown && shown.length > 0 && <Alerts name="To decide" alerts={shown} onOpen={onClose} />}
      <ShowMore list={list} what="alerts" />
      <SettledAlerts onOpen={onClose} />
    </>
  )
}

/** Decisions and resolutions move alerts here. */
function SettledAlerts({ onOpen }: { onOpen: () => void }) {
  const list = useInfiniteQuery(settledAlertsQuery)
  const alerts = list.data && itemsOf(list.data)
  if (!alerts || alerts.length === 0) return null
  return (
    <>
      <Alerts name="Decided or resolved" alerts={alerts} onOpen={onOpen} />
      <ShowMore list={list} what="settled alerts" />
    </>
  )
}

function Alerts({ name, alerts, onOpen }: { name: string; alerts: readonly Alert[]; onOpen: () => void }) {
  const headingId = useId()
  return (
    <section aria-labelledby={headingId}>
      <h3 id={headingId} className={classes.heading}>
        {name}
      </h3>
      <ul className={classes.list} aria-labelledby={headingId}>
        {alerts.map((alert) => (
          <li key={alert.id}>
            <AlertItem alert={alert} onOpen={onOpen} />
          </li>
        ))}
      </ul>
    </section>
  )
}

function AlertItem({ alert, onOpen }: { alert: Alert; onOpen: () => void }) {
  const { driftId, severity, title, message, isSettled, isRead, createdAt } = alert
  const read = () => readAlert(alert).catch((error: unknown) => showFailure('The alert was not marked as read', error))
  return (
    <div className={classes.alert} data-unread={!isRead || undefined}>
      <div className={classes.line}>
        <SeverityMark severity={severity} />
        <span className={classes.when}>
          {!isRead && (
            <span className={classes.unread}>
              <span className={classes.dot} aria-hidden />
              Unread
            </span>
          )}
          <TimeAgo at={createdAt} />
        </span>
      </div>
      {driftId ? (
        <Link
          to="/drifts/$driftId"
          params={{ driftId }}
          className={classes.link}
          onClick={() => {
            void read()
            onOpen()
          }}
        >
          {title}
        </Link>
      ) : (
        <strong>{title}</strong>
      )}
      {/* It ends with what to do. */}
      {!isSettled && <p className={classes.message}>{message}</p>}
      {!driftId && !isRead && (
        <Button size="compact-sm" variant="default" onClick={() => void read()}>
          Mark as read<VisuallyHidden>: {title}</VisuallyHidden>
        </Button>
      )}
    </div>
  )
}
