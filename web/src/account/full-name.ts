interface Named {
  displayName: string
  username: string | null
}

/** For where a user is chosen: anybody may take another one's display name, and nobody another one's username. */
export const fullName = ({ displayName, username }: Named) =>
  username === null ? displayName : `${displayName} (@${username})`
