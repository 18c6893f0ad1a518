/** By product: a rail at the left; on a phone a bar at the bottom, with room for the first few and for more. */
import { Menu, UnstyledButton } from '@mantine/core'
import { IconDots, IconKeyboard, IconSearch } from '@tabler/icons-react'
import { Link, useLocation } from '@tanstack/react-router'
import classes from './navigation.module.css'
import { type Product, products } from './products.ts'

interface Props {
  onSearch: () => void
  onShortcuts: () => void
}

/** Five stand in the bar, one of which is for more. */
const inBar = 4

export function Navigation({ onSearch, onShortcuts }: Props) {
  return (
    <nav className={classes.navigation} aria-label="Products">
      {products.map(({ label, path, icon: ProductIcon }, place) => (
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
      <More products={products.slice(inBar)} onSearch={onSearch} />
      <UnstyledButton className={classes.item} data-only="rail" data-last onClick={onShortcuts} aria-keyshortcuts="?">
        <IconKeyboard size="1.25rem" stroke={1.5} aria-hidden />
        <span>Keyboard shortcuts</span>
      </UnstyledButton>
    </nav>
  )
}

function More({ products, onSearch }: { products: Product[]; onSearch: () => void }) {
  const { pathname } = useLocation()
  const isHere = products.some(({ path }) => pathname === path || pathname.startsWith(`${path}/`))
  return (
    <Menu position="top-end" withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <UnstyledButton className={classes.item} data-only="phone" data-here={isHere || undefined}>
          <IconDots size="1.25rem" stroke={1.5} aria-hidden />
          <span>More</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {products.map(({ label, path, icon: ProductIcon }) => (
          <Menu.Item
            key={path}
            leftSection={<ProductIcon size="1.125rem" stroke={1.5} aria-hidden />}
            renderRoot={(props) => <Link to={path} {...props} />}
          >
            {label}
          </Menu.Item>
        ))}
        <Menu.Item leftSection={<IconSearch size="1.125rem" stroke={1.5} aria-hidden />} onClick={onSearch}>
          Search
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
