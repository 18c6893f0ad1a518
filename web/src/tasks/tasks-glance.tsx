/** The next open tasks of whoever is signed in, live as on their own page, and the way to all of them. */
import { Button } from '@mantine/core'
import { IconCircle } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import rows from '../page/row.module.css'
import { Row } from '../page/row.tsx'
import { RowSkeletons } from '../page/row-skeletons.tsx'
import { Section } from '../page/section.tsx'
import { useSession } from '../session/session.ts'
import { useTasks } from './use-tasks.ts'

const shownAtOnce = 3

export function TasksGlance() {
  const session = useSession()
  return (
    <Section
      title="Next tasks"
      action={
        <Button variant="default" renderRoot={(props) => <Link to="/tasks" {...props} />}>
          All tasks
        </Button>
      }
    >
      {'person' in session ? (
        <Next key={session.person.id} meId={session.person.id} isSignedIn={session.state === 'signed-in'} />
      ) : (
        <RowSkeletons count={1} label="Loading your tasks" />
      )}
    </Section>
  )
}

function Next({ meId, isSignedIn }: { meId: string; isSignedIn: boolean }) {
  const { shown, failure } = useTasks(meId, 'open', isSignedIn)
  // A glance needs no error of its own: the page that it leads to tells it in full.
  if (!shown.isLoaded)
    return failure ? <p>Your tasks could not be loaded.</p> : <RowSkeletons count={1} label="Loading tasks" />
  const next = shown.rows.slice(0, shownAtOnce)
  if (next.length === 0) return 'Nothing is left to do. What you add there stands here too.'
  return (
    <ul className={rows.list} aria-label="Next tasks">
      {next.map(({ id, title, description }) => (
        <li key={id}>
          <Link to="/tasks" search={{ task: id }} className={rows.link}>
            <Row icon={IconCircle} strong={title} quiet={firstLine(description)} isPending={shown.pending.has(id)} />
          </Link>
        </li>
      ))}
    </ul>
  )
}

const firstLine = (text: string | null) => text?.trim().split('\n', 1)[0] ?? ''
