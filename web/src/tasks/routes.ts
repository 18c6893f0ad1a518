import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { rootRoute } from '../root-route.ts'
import { prefetchTasks, readTasksSearch } from './task-queries.ts'

export const tasksRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: '/tasks',
    validateSearch: readTasksSearch,
    loaderDeps: ({ search: { show } }) => ({ show }),
    loader: ({ deps }) => prefetchTasks(deps.show),
    component: lazyRouteComponent(() => import('./tasks-page.tsx'), 'TasksPage'),
  }),
] as const
