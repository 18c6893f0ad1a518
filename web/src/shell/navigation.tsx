/** By product: a rail at the left; on a phone a bar at the bottom. */
import { UnstyledButton } from '@mantine/core'
import { IconKeyboard } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useProducts } from '../products/use-products.ts'
import classes from './navigation.module.css'
import { entriesOf } from './navigation-entries.ts'

export function Navigation({ onShortcuts }: { onShortcuts: () => void }) {
  return (
    <nav className={classes.navigation} aria-label="Products">
      {entriesOf(useProducts()).map(({ label, labelInBar = label, path, icon: ProductIcon }) => (
        <Link key={path} to={path} activeOptions={{ exact: path === '/' }} className={classes.item}>
          <ProductIcon size="1.25rem" stroke={1.5} aria-hidden />
          <span data-in="rail">{label}</span>
          <span data-in="bar">{labelInBar}</span>
        </Link>
      ))}
      <UnstyledButton className={classes.item} data-only="rail" data-last onClick={onShortcuts} aria-keyshortcuts="?">
        <IconKeyboard size="1.25rem" stroke={1.5} aria-hidden />
        <span>Keyboard shortcuts</span>
      </UnstyledButton>
    </nav>
  )
}
