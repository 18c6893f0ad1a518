import { Link } from '@tanstack/react-router'
import { type Show, shows } from '../task-rules.ts'
import classes from './filters.module.css'

const names = { open: 'Open', done: 'Done', all: 'All' }

export function Filters({ show }: { show: Show }) {
  return (
    <nav className={classes.filters} aria-label="Which tasks">
      {shows.map((other) => (
        <Link
          key={other}
          to="/tasks"
          search={{ show: other === 'open' ? undefined : other }}
          // By its search too, or the router would call each of them the page.
          activeOptions={{ exact: true, includeSearch: true }}
          aria-current={other === show ? 'page' : undefined}
          resetScroll={false}
          className={classes.filter}
        >
          {names[other]}
        </Link>
      ))}
    </nav>
  )
}
