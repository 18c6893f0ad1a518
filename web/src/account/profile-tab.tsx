import { Badge } from '@mantine/core'
import { Section } from '../page/section.tsx'
import { Day } from '../page/time-ago.tsx'
import { useSession } from '../session/session.ts'
import { NameForm } from './name-form.tsx'
import { PersonAvatar } from './person-avatar.tsx'
import classes from './profile-tab.module.css'
import { roleNames } from './role-names.ts'

export function ProfileTab() {
  const session = useSession()
  if (!('person' in session)) return null
  const { person } = session
  return (
    <Section title="Profile" about="How you appear to other people in Plinth.">
      <div className={classes.profile}>
        <PersonAvatar person={person} size="4.5rem" />
        <NameForm key={person.id} person={person} isReadOnly={session.state !== 'signed-in'} />
      </div>
      <dl className={classes.facts}>
        <div>
          <dt>E-mail</dt>
          <dd>{person.email ?? 'None: your way to sign in gave no address that you may hold here.'}</dd>
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
  )
}
