/** Chooses the time zone from those that the browser knows. */
import { Button, NativeSelect } from '@mantine/core'
import { IconChevronDown } from '@tabler/icons-react'
import { type FormEvent, useState } from 'react'
import classes from './profile-settings.module.css'
import { useChangeProfile } from './use-profile.ts'

const ofDevice = new Intl.DateTimeFormat().resolvedOptions().timeZone
const known = Intl.supportedValuesOf('timeZone')

/** Another browser, or a program, may have stored a name that this one does not list. */
const zonesWith = (current: string) => [...new Set(['UTC', ofDevice, current, ...known])].sort()
const optionOf = (zone: string) => ({ value: zone, label: zone.replaceAll('_', ' ') })

export function TimeZoneForm({ current, isReadOnly }: { current: string; isReadOnly: boolean }) {
  const [zone, setZone] = useState(current)
  const { change, isPending } = useChangeProfile('Time zone')
  const isChanged = zone !== current

  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (isChanged && !isPending && !isReadOnly) change({ timezone: zone })
  }

  return (
    <form className={classes.form} onSubmit={submit}>
      <NativeSelect
        label="Your time zone"
        description={
          ofDevice === zone ? 'It is the one of this device.' : `This device is in ${optionOf(ofDevice).label}.`
        }
        rightSection={<IconChevronDown size="1rem" aria-hidden />}
        data={zonesWith(current).map(optionOf)}
        value={zone}
        disabled={isReadOnly}
        onChange={({ currentTarget }) => setZone(currentTarget.value)}
      />
      <div className={classes.actions}>
        <Button type="submit" loading={isPending} disabled={isReadOnly || !isChanged}>
          Save time zone
        </Button>
        {ofDevice !== zone && !isReadOnly && (
          <Button variant="default" onClick={() => setZone(ofDevice)}>
            Choose the zone of this device
          </Button>
        )}
      </div>
    </form>
  )
}
