/** Where this account is signed in, and ending that: one device, or all but this one. Asks once, naming the device. */
import { Button } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import type { Session as DeviceSession } from '../../../shared/account.ts'
import { LoadFailure } from '../failure/load-failure.tsx'
import { ConfirmDialog, type Question } from '../page/confirm-dialog.tsx'
import rows from '../page/row.module.css'
import { RowSkeletons } from '../page/row-skeletons.tsx'
import { Section } from '../page/section.tsx'
import { TimeAgo } from '../page/time-ago.tsx'
import { useSession } from '../session/session.ts'
import { devicesQuery, itemsOf } from './account-queries.ts'
import { DeviceRow } from './device-row.tsx'
import { ShowMore } from './show-more.tsx'
import { useEndDevices } from './use-end-devices.ts'

type Target = DeviceSession | 'others'

export function DevicesTab() {
  const isSignedIn = useSession().state === 'signed-in'
  const heading = useRef<HTMLHeadingElement>(null)
  const list = useInfiniteQuery({ ...devicesQuery, enabled: isSignedIn })
  const [target, setTarget] = useState<Target | null>(null)
  const [isAsking, setAsking] = useState(false)
  const ask = (next: Target) => {
    setTarget(next)
    setAsking(true)
  }
  const { endOne, endOthers } = useEndDevices(() => {
    setAsking(false)
    // The button that had the focus goes with its row.
    setTimeout(() => heading.current?.focus(), 50)
  })
  const devices = list.data && itemsOf(list.data)
  const hasOthers = devices?.some(({ current }) => !current) || list.hasNextPage

  return (
    <Section
      title="Devices"
      headingRef={heading}
      about="Where you are signed in. End the sessions that you do not recognise or no longer use."
      action={
        hasOthers && (
          <Button variant="default" disabled={!isSignedIn} onClick={() => ask('others')}>
            Sign out everywhere else
          </Button>
        )
      }
    >
      {list.error && !devices && (
        <LoadFailure error={list.error} isRetrying={list.isFetching} onRetry={() => void list.refetch()} />
      )}
      {!list.error && !devices && (isSignedIn ? <RowSkeletons count={3} label="Loading devices" /> : <NotLoaded />)}
      {devices && (
        <ul className={rows.list}>
          {devices.map((device) => (
            <li key={device.id}>
              <DeviceRow
                device={device}
                isReadOnly={!isSignedIn}
                isEnding={endOne.isPending && endOne.variables.sessionId === device.id}
                onEnd={() => ask(device)}
              />
            </li>
          ))}
        </ul>
      )}
      <ShowMore list={list} what="devices" />
      <ConfirmDialog
        asked={target && questionAbout(target)}
        opened={isAsking}
        isPending={endOne.isPending || endOthers.isPending}
        onCancel={() => setAsking(false)}
        onConfirm={() => {
          if (target === 'others') endOthers.mutate()
          else if (target) endOne.mutate({ sessionId: target.id })
        }}
      />
    </Section>
  )
}

function questionAbout(target: Target): Question {
  if (target === 'others')
    return {
      question: 'Sign out everywhere else?',
      consequence:
        'All your sessions on other devices and browsers end. This device stays signed in, and your API keys go on working.',
      confirm: 'Sign out everywhere else',
    }
  const { device, ip, lastUsedAt } = target
  return {
    question: `End the session on ${device}?`,
    consequence: (
      <>
        It was last used <TimeAgo at={lastUsedAt} />
        {ip && ` from ${ip}`}. That device will have to sign in again.
      </>
    ),
    confirm: 'End session',
  }
}

function NotLoaded() {
  return <p>The list was not loaded before your session ended. Sign in again to see it.</p>
}
