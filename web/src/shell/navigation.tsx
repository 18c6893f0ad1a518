/** By product: a rail at the left; on a phone a bar at the bottom, with room for the first few and for more. */
import { UnstyledButton } from '@mantine/core'
import { IconDots, IconKeyboard, IconSearch } from '@tabler/icons-react'
import { Link, useLocation } from '@tanstack/react-router'
import { useRef } from 'react'
import { useProducts } from '../products/use-products.ts'
import classes from './navigation.module.css'
import { entriesOf, inBar, type NavigationEntry } from './navigation-entries.ts'

interface Props {
  onSearch: () => void
  onShortcuts: () => void
}

export function Navigation({ onSearch, onShortcuts }: Props) {
  const entries = entriesOf(useProducts())
  return (
    <nav className={classes.navigation} aria-label="Products">
      {entries.map(({ label, path, icon: ProductIcon }, place) => (
        <Link
          key={path}
          to={path}
          activeOptions={{ exact: path === '/' }}
          className={classes.item}
          data-only={place < inBar ? undefined : 'rail'}
        >
          <ProductIcon size="1.25rem" stroke={1.5} aria-hidden />
          <span>{label}</span>
        </Link>
      ))}
      <More entries={entries.slice(inBar)} onSearch={onSearch} />
      <UnstyledButton className={classes.item} data-only="rail" data-last onClick={onShortcuts} aria-keyshortcuts="?">
        <IconKeyboard size="1.25rem" stroke={1.5} aria-hidden />
        <span>Keyboard shortcuts</span>
      </UnstyledButton>
    </nav>
  )
}

function More({ entries, onSearch }: { entries: NavigationEntry[]; onSearch: () => void }) {
  const { pathname } = useLocation()
  const isHere = entries.some(({ path }) => pathname === path || pathname.startsWith(`${path}/`))
  const list = useRef<HTMLUListElement>(null)
  const close = () => list.current?.hidePopover()
  return (
    <>
      <UnstyledButton
        className={classes.item}
        data-only="phone"
        data-here={isHere || undefined}
        popoverTarget="more-products"
      >
        <IconDots size="1.25rem" stroke={1.5} aria-hidden />
        <span>More</span>
      </UnstyledButton>
      {/* The browser's own popover: a library for it would be a seventh of the script that every page waits for. */}
      <ul ref={list} id="more-products" popover="auto" className={classes.more} aria-label="More">
        {entries.map(({ label, path, icon: ProductIcon }) => (
          <li key={path}>
            <Link to={path} onClick={close} className={classes.row}>
              <ProductIcon size="1.125rem" stroke={1.5} aria-hidden />
              {label}
            </Link>
          </li>
        ))}
        <li>
          <UnstyledButton
            className={classes.row}
            onClick={() => {
              close()
              onSearch()
            }}
          >
            <IconSearch size="1.125rem" stroke={1.5} aria-hidden />
            Search
          </UnstyledButton>
        </li>
      </ul>
    </>
  )
}
