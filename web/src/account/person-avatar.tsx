import { Avatar } from '@mantine/core'
import type { Person } from '../../../shared/account.ts'

/** Picture or initials. Decoration: the name always stands beside it. */
export function PersonAvatar({ person, size }: { person: Pick<Person, 'displayName' | 'avatarUrl'>; size: string }) {
  return (
    <Avatar
      src={person.avatarUrl}
      name={person.displayName}
      color="verdigris"
      size={size}
      alt=""
      aria-hidden
      // Google's pictures are refused to pages that say where they are.
      imageProps={{ referrerPolicy: 'no-referrer' }}
    />
  )
}
