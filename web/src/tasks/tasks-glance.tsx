/** The next open tasks of the signed-in user, live as on their own page, and the field for a new one. */
import { IconCircle } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useRef } from 'react'
import type { Person } from '../../../shared/account.ts'
import { hasCapability } from '../../../shared/capabilities.ts'
import { Glance, rowsAtHome } from '../home/glance.tsx'
import rows from '../page/row.module.css'
import { Row } from '../page/row.tsx'
import type { HomeSectionProps } from '../products/product.ts'
import { useSession } from '../session/session.ts'
import { AddTask } from './list/add-task.tsx'
import { usePageKeys } from './list/use-page-keys.ts'
import { useTasks } from './use-tasks.ts'

export function TasksGlance({ onReady }: HomeSectionProps) {
  const session = useSession()
  if (!('person' in session)) return null
  const { person, state } = session
  return <Next key={person.id} me={person} isSignedIn={state === 'signed-in'} onReady={onReady} />
}

function Next({ me, isSignedIn, onReady }: HomeSectionProps & { me: Person; isSignedIn: boolean }) {
  const { live, shown, failure } = useTasks(me.id, 'open', isSignedIn)
  const field = useRef<HTMLInputElement>(null)
  const list = useRef<HTMLUListElement>(null)
  const mayWrite = hasCapability(me.role, 'task:write')
  usePageKeys({ n: () => field.current?.focus() })
  const next = shown.rows.slice(0, rowsAtHome)
  return (
    <Glance
      title="Next tasks"
      all={{ name: 'All tasks', path: '/tasks' }}
      isLoaded={shown.isLoaded}
      failure={failure}
      onRetry={live.retry}
      onReady={onReady}
      above={
        isSignedIn &&
        mayWrite && (
          <AddTask ref={field} onAdded={() => {}} onLeaveDown={() => list.current?.querySelector('a')?.focus()} />
        )
      }
    >
      {next.length === 0 ? (
        'Nothing is left to do.'
      ) : (
        <ul ref={list} className={rows.list} aria-label="Next tasks">
          {next.map(({ id, title, description }) => (
            <li key={id}>
              <Link to="/tasks" search={{ task: id }} className={rows.link}>
                <Row
                  icon={IconCircle}
                  strong={title}
                  quiet={firstLine(description)}
                  isPending={shown.pending.has(id)}
                />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Glance>
  )
}

const firstLine = (text: string | null) => text?.trim().split('\n', 1)[0] ?? ''
