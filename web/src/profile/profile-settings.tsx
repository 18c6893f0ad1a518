/** The sections of the profile page below the names: time zone and privacy. */
import { useQuery } from '@tanstack/react-query'
import { LoadFailure } from '../failure/load-failure.tsx'
import { RowSkeletons } from '../page/row-skeletons.tsx'
import { Section } from '../page/section.tsx'
import { PrivacyForm } from './privacy-form.tsx'
import { TimeZoneForm } from './time-zone-form.tsx'
import { profileQuery } from './use-profile.ts'

export function ProfileSettings({ isReadOnly }: { isReadOnly: boolean }) {
  const { data: profile, error, isFetching, refetch } = useQuery({ ...profileQuery, enabled: !isReadOnly })
  if (!profile) {
    return (
      <Section title="Settings">
        {error ? (
          <LoadFailure error={error} isRetrying={isFetching} onRetry={() => void refetch()} />
        ) : isReadOnly ? (
          <p>Not loaded on this device. Sign in to see it.</p>
        ) : (
          <RowSkeletons count={3} label="Loading settings" />
        )}
      </Section>
    )
  }
  return (
    <>
      <Section title="Time zone" about="Groups that you create have it, unless you choose another one for them.">
        <TimeZoneForm key={profile.timezone} current={profile.timezone} isReadOnly={isReadOnly} />
      </Section>
      <Section title="Privacy" about="Who finds you. A change takes effect at once.">
        <PrivacyForm settings={profile.privacySettings} isReadOnly={isReadOnly} />
      </Section>
    </>
  )
}
