import { Badge, Stack } from '@mantine/core'
import { Section } from '../../page/section.tsx'
import { Day } from '../../page/time-ago.tsx'
import { ProfileSettings } from '../../profile/profile-settings.tsx'
import { useSession } from '../../session/session.ts'
import { PersonAvatar } from '../person-avatar.tsx'
import { roleNames } from '../role-names.ts'
import { EmailFact } from './email-fact.tsx'
import { NameForm } from './name-form.tsx'
import classes from './profile-tab.module.css'
import { UsernameForm } from './username-form.tsx'

export function ProfileTab() {
  const session = useSession()
  if (!('person' in session)) return null
  const { person } = session
  const isReadOnly = session.state !== 'signed-in'
  return (
    <Stack gap="lg">
      <Section title="Profile" about="How other users of Plinth see you.">
        <div className={classes.profile}>
          <PersonAvatar person={person} size="4.5rem" />
          <div className={classes.forms}>
            <NameForm key={`name of ${person.id}`} person={person} isReadOnly={isReadOnly} />
            <UsernameForm key={`username of ${person.id}`} person={person} isReadOnly={isReadOnly} />
          </div>
        </div>
        <dl className={classes.facts}>
          <div>
            <dt>E-mail</dt>
            <dd>
              <EmailFact person={person} isReadOnly={isReadOnly} />
            </dd>
          </div>
          <div>
            <dt>Role</dt>
            <dd>
              <Badge variant="light" color="gray">
                {roleNames[person.role]}
              </Badge>
            </dd>
          </div>
          <div>
            <dt>Member since</dt>
            <dd>
              <Day at={person.createdAt} />
            </dd>
          </div>
        </dl>
      </Section>
      <ProfileSettings key={person.id} isReadOnly={isReadOnly} />
    </Stack>
  )
}
