interface Named {
  displayName: string
  username: string | null
}

/** For dialogs that choose a user: display names are not unique, usernames are. */
export const fullName = ({ displayName, username }: Named) =>
  username === null ? displayName : `${displayName} (@${username})`
