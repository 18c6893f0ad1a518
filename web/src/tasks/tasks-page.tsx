/** A person's tasks: who is here; TasksView shows them. */
import { useSearch } from '@tanstack/react-router'
import type { Person } from '../../../shared/account.ts'
import { LoadFailure } from '../failure/load-failure.tsx'
import { Page } from '../page/page.tsx'
import { LeadToSignIn } from '../session/lead-to-sign-in.ts'
import { useSession } from '../session/session.ts'
import { useTellFeed } from '../shell/status/feed-in-sight.ts'
import { TasksSkeleton } from './list/tasks-skeleton.tsx'
import { TasksView, titles } from './list/tasks-view.tsx'
import { useTasks } from './use-tasks.ts'

export function TasksPage() {
  const { show = 'open' } = useSearch({ from: '/tasks' })
  const session = useSession()
  if (session.state === 'signed-out') return <LeadToSignIn />
  return (
    <Page title="Tasks">
      {session.state === 'unreachable' && (
        <LoadFailure error={session.error} isRetrying={session.isFetching} onRetry={session.refetch} />
      )}
      {session.state === 'loading' && <TasksSkeleton title={titles[show]} show={show} />}
      {'person' in session && (
        <FollowedTasks key={session.person.id} me={session.person} isSignedIn={session.state === 'signed-in'} />
      )}
    </Page>
  )
}

function FollowedTasks({ me, isSignedIn }: { me: Person; isSignedIn: boolean }) {
  const { show = 'open' } = useSearch({ from: '/tasks' })
  const tasks = useTasks(me.id, show, isSignedIn)
  useTellFeed(tasks.feed)
  return <TasksView tasks={tasks} show={show} me={me} isSignedIn={isSignedIn} />
}
