import { MetricsSummary } from '../../../shared/metrics.ts'
import { publicRead, router } from '../../trpc.ts'
import { summarise } from './service.ts'

export const metricsRouter = router({
  summary: publicRead('drift:read')
    .meta({
      rest: {
        method: 'GET',
        path: '/api/v1/metrics/summary',
        summary: 'Drifts in figures: of each status and severity, and of the last 30 days',
      },
      mcp: {},
    })
    .output(MetricsSummary)
    .query(({ ctx }) => summarise(ctx.db)),
})
