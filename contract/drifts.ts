/** Drifts, their alerts and their figures: reported and decided on by an engineer, read by anonymous callers too. */
import { type Api, check, expected } from './api.ts'

export async function reviewDrifts(engineer: Api, anonymous: Api): Promise<void> {
  const [approved, rejected, resolved] = [await report(engineer), await report(engineer), await report(engineer)]
  const all = expected(
    await anonymous.GET('/api/v1/drifts', { params: { query: { status: 'pending', severity: 'critical' } } }),
  )
  check(all.meta.pagination.total === 3 && all.data[0]?.id === resolved, 'drifts are listed, the newest first')
  const found = await anonymous.GET('/api/v1/drifts', { params: { query: { search: 'secur web', limit: 1 } } })
  check(expected(found).meta.pagination.total === 3, 'a search finds drifts by words of their resource')
  await readValues(engineer, anonymous, approved)
  await readAlerts(engineer, approved)

  const params = { path: { driftId: approved } }
  check(
    expected(await engineer.POST('/api/v1/drifts/{driftId}/approve', { params, body: {} })).data.status === 'approved',
    'approved',
  )
  const late = await engineer.POST('/api/v1/drifts/{driftId}/reject', { params, body: { reason: 'Not agreed' } })
  check(late.error?.error.code === 'ALREADY_DECIDED', 'a drift is decided once')
  const no = { params: { path: { driftId: rejected } }, body: { reason: 'Not agreed' } }
  check(expected(await engineer.POST('/api/v1/drifts/{driftId}/reject', no)).data.status === 'rejected', 'rejected')
  const { data: decision } = expected(await engineer.GET('/api/v1/drifts/{driftId}/decision', { params: no.params }))
  check(decision.reason === 'Not agreed' && decision.decidedBy !== null, 'a decision has its reason and its user')
  const gone = { params: { path: { driftId: resolved } } }
  check(expected(await engineer.POST('/api/v1/drifts/{driftId}/resolve', gone)).data.status === 'resolved', 'resolved')

  const settled = await engineer.GET('/api/v1/alerts', { params: { query: { settled: true } } })
  check(expected(settled).meta.pagination.total === 3, 'decisions and resolutions settle alerts')
  const { data: figures } = expected(await anonymous.GET('/api/v1/metrics/summary'))
  check(figures.byStatus.approved === 1 && figures.byStatus.rejected === 1, 'figures count decisions')
  await decideTogether(engineer)
}

async function report(engineer: Api): Promise<string> {
  const body = {
    externalId: crypto.randomUUID(),
    resource: { type: 'security_group', id: 'web', provider: 'aws', region: 'eu-central-1' },
    severity: 'critical' as const,
    expected: { ports: ['443'], password: 'pa55-w0rd' },
    actual: { ports: ['443', '22'], password: 'pa55-w0rd' },
  }
  const { data } = expected(await engineer.POST('/api/v1/drifts', { body }))
  const { data: again } = expected(await engineer.POST('/api/v1/drifts', { body }))
  check(data.id === again.id, 'one external id is one drift')
  return data.id
}

async function decideTogether(engineer: Api) {
  const driftIds = [await report(engineer), crypto.randomUUID()]
  const { data } = expected(await engineer.POST('/api/v1/drifts/decide', { body: { driftIds, verdict: 'approved' } }))
  const [decided, unknown] = data.results
  check(decided?.drift?.status === 'approved' && unknown?.error?.code === 'NOT_FOUND', 'each drift has its result')
  const undone = expected(await engineer.POST('/api/v1/drifts/undo', { body: { driftIds } })).data.results
  check(undone[0]?.drift?.status === 'pending' && undone[1]?.drift === null, 'a decision is undone')
  const params = { path: { driftId: driftIds[0] as string } }
  expected(await engineer.POST('/api/v1/drifts/{driftId}/approve', { params, body: {} }))
  const body = { reason: 'Not so fast' }
  check(
    expected(await engineer.POST('/api/v1/drifts/{driftId}/reopen', { params, body })).data.version === 5,
    'reopened',
  )
  const { data: history } = expected(await engineer.GET('/api/v1/drifts/{driftId}/history', { params }))
  const actions = history.items.map(({ action }) => action).join()
  check(actions === 'reopened,approved,undone,approved', 'a drift has its history, the newest first')
}

async function readValues(engineer: Api, anonymous: Api, driftId: string) {
  const params = { path: { driftId } }
  const seen = expected(await anonymous.GET('/api/v1/drifts/{driftId}', { params })).data
  check(seen.expected === undefined && seen.differences.length > 0, 'anonymous callers see what differs, and no value')
  const { data } = expected(await engineer.GET('/api/v1/drifts/{driftId}', { params }))
  check(data.expected?.password === '[hidden]', 'secrets are hidden')
  const body = { side: 'expected' as const, path: ['password'] }
  const revealed = expected(await engineer.POST('/api/v1/drifts/{driftId}/reveal', { params, body }))
  check(revealed.data.value === 'pa55-w0rd', 'and one is revealed where it is asked for')
}

async function readAlerts(engineer: Api, driftId: string) {
  const { data: alerts } = expected(
    await engineer.GET('/api/v1/alerts', { params: { query: { severity: 'critical' } } }),
  )
  const alert = alerts.find((one) => one.driftId === driftId)
  if (!alert) throw new Error('an alert was awaited')
  const params = { path: { alertId: alert.id } }
  check(expected(await engineer.POST('/api/v1/alerts/{alertId}/read', { params })).data.isRead, 'an alert is read')
  const { data } = expected(await engineer.POST('/api/v1/alerts/read-all'))
  check(data.read >= 2, 'and all others are')
}
