import { Badge, Button } from '@mantine/core'
import { IconDeviceDesktop, IconDeviceMobile } from '@tabler/icons-react'
import type { Session as DeviceSession } from '../../../shared/account.ts'
import { Row } from '../page/row.tsx'
import { Day, TimeAgo } from '../page/time-ago.tsx'

interface Props {
  device: DeviceSession
  isReadOnly: boolean
  isEnding: boolean
  onEnd: () => void
}

export function DeviceRow({
  device: { device, ip, current, lastUsedAt, createdAt },
  isReadOnly,
  isEnding,
  onEnd,
}: Props) {
  return (
    <Row
      icon={/Android|iOS|iPad|iPhone/.test(device) ? IconDeviceMobile : IconDeviceDesktop}
      isPending={isEnding}
      strong={
        <>
          {device}
          {current && <Badge variant="light">This device</Badge>}
        </>
      }
      quiet={
        <>
          {ip ?? 'Address unknown'} · Last used <TimeAgo at={lastUsedAt} /> · Signed in on <Day at={createdAt} />
        </>
      }
      side={
        !current && (
          <Button
            variant="default"
            size="xs"
            disabled={isReadOnly || isEnding}
            aria-label={`End session on ${device}`}
            onClick={onEnd}
          >
            End session
          </Button>
        )
      }
    />
  )
}
