import { Button, Kbd, Skeleton } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { Person } from '../../../shared/account.ts'
import type { Product } from '../products/product.ts'
import { useProducts } from '../products/use-products.ts'
import { useSession } from '../session/session.ts'
import { useReturnHere } from '../session/sign-in-link.ts'
import { BrandMark } from './brand.tsx'
import classes from './header.module.css'
import { modifierKey } from './modifier-key.ts'
import { useFetched } from './search/use-fetched.ts'

const loadProfileMenu = async () => (await import('./profile-menu.tsx')).ProfileMenu

interface Props {
  /** Without search, for the page that has nothing to search yet. */
  isBare: boolean
  onSearch: () => void
  onSearchHint: () => void
  onSignOut: () => void
}

export function Header({ isBare, onSearch, onSearchHint, onSignOut }: Props) {
  return (
    <header className={classes.header}>
      <Link to="/" className={classes.brand} aria-label="Plinth, home">
        <BrandMark />
        <span>Plinth</span>
      </Link>
      {!isBare && (
        <button
          type="button"
          className={classes.search}
          onClick={onSearch}
          onPointerEnter={onSearchHint}
          onFocus={onSearchHint}
          aria-keyshortcuts="Control+K Meta+K"
        >
          <IconSearch size="1rem" aria-hidden />
          <span>Search and commands</span>
          <Kbd size="xs" aria-hidden>
            {modifierKey} K
          </Kbd>
        </button>
      )}
      <div className={classes.person}>
        <AccountControls isBare={isBare} onSignOut={onSignOut} />
      </div>
    </header>
  )
}

/** Unknown until the server has said: a skeleton, so that nobody signed in ever sees a sign-in button flash by. */
function AccountControls({ isBare, onSignOut }: Pick<Props, 'isBare' | 'onSignOut'>) {
  const session = useSession()
  const returnHere = useReturnHere()
  if (session.state === 'loading') return <PersonSkeleton />
  if (session.state === 'signed-in') return <SignedIn person={session.person} onSignOut={onSignOut} />
  // When a session has ended, the status bar leads to sign-in.
  if (isBare || session.state !== 'signed-out') return null
  return (
    <Button variant="default" renderRoot={(props) => <Link to="/sign-in" search={returnHere} {...props} />}>
      Sign in
    </Button>
  )
}

function SignedIn({ person, onSignOut }: { person: Person; onSignOut: () => void }) {
  const products = useProducts()
  const ProfileMenu = useFetched(loadProfileMenu)
  return (
    <>
      {products.map(
        ({ name, headerControl }) =>
          headerControl && <HeaderControl key={name} load={headerControl} personId={person.id} />,
      )}
      {ProfileMenu ? <ProfileMenu person={person} onSignOut={onSignOut} /> : <PersonSkeleton />}
    </>
  )
}

interface ControlProps {
  load: NonNullable<Product['headerControl']>
  personId: string
}

function HeaderControl({ load, personId }: ControlProps) {
  const Control = useFetched(load)
  return Control && <Control personId={personId} />
}

const PersonSkeleton = () => <Skeleton className="late" circle h="2.25rem" w="2.25rem" />
