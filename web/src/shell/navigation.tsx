/** By product: a rail at the left, on a phone a bar at the bottom. */
import { UnstyledButton } from '@mantine/core'
import { IconKeyboard, IconSearch } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import classes from './navigation.module.css'
import { products } from './products.ts'

interface Props {
  onSearch: () => void
  onShortcuts: () => void
}

export function Navigation({ onSearch, onShortcuts }: Props) {
  return (
    <nav className={classes.navigation} aria-label="Products">
      {products.map(({ label, path, icon: ProductIcon }) => (
        <Link key={path} to={path} activeOptions={{ exact: path === '/' }} className={classes.item}>
          <ProductIcon size="1.25rem" stroke={1.5} aria-hidden />
          <span>{label}</span>
        </Link>
      ))}
      <UnstyledButton className={classes.item} data-only="phone" onClick={onSearch}>
        <IconSearch size="1.25rem" stroke={1.5} aria-hidden />
        <span>Search</span>
      </UnstyledButton>
      <UnstyledButton className={classes.item} data-only="rail" onClick={onShortcuts} aria-keyshortcuts="?">
        <IconKeyboard size="1.25rem" stroke={1.5} aria-hidden />
        <span>Keyboard shortcuts</span>
      </UnstyledButton>
    </nav>
  )
}
