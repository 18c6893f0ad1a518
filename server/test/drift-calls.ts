/** How the procedures of drifts, alerts and their figures are called, as calls.ts has it of the others. */
import { desc, eq } from 'drizzle-orm'
import type { AlertEvent, AlertReadEvent } from '../../shared/alerts.ts'
import type { DriftEvent, Severity } from '../../shared/drifts.ts'
import { markAllRead, markRead, raiseAlert } from '../features/alerts/service.ts'
import { alerts } from '../features/alerts/table.ts'
import { approveDrift, reportDrift, resolveDrift } from '../features/drifts/service.ts'
import { operator } from '../platform/identity/operator.ts'
import { users } from '../platform/identity/table.ts'
import type { TestApp } from './app.ts'
import type { Call, Person } from './calls.ts'
import { reportOf } from './followers.ts'

type Prepare = (app: TestApp, me: Person) => Promise<Call>

const newDrift = ({ database }: TestApp, severity: Severity = 'low') =>
  reportDrift(database.db, operator, reportOf({ severity }))

async function newAlert({ database: { db } }: TestApp): Promise<string> {
  await raiseAlert(db, null, { driftId: null, severity: 'high', title: 'Look', message: 'There is something.' })
  const [newest] = await db.select({ id: alerts.id }).from(alerts).orderBy(desc(alerts.id)).limit(1)
  return String(newest?.id)
}

async function becomeEngineer(app: TestApp, { id }: Person): Promise<void> {
  await app.database.db.update(users).set({ role: 'engineer' }).where(eq(users.id, id))
  app.sessions.announceChanged(id)
}

const ofDrift: Prepare = async (app) => ({ input: { driftId: (await newDrift(app)).id } })

/** Of two pending drifts. */
const changesDrift =
  (fields: object = {}): Prepare =>
  async (app, me) => {
    await becomeEngineer(app, me)
    const [one, two] = [await newDrift(app), await newDrift(app)]
    return {
      input: { driftId: one.id, ...fields },
      other: { driftId: two.id, ...fields },
      target: `drift:${one.id}`,
    }
  }

/** Decided by the caller, just now. */
async function newDecision(app: TestApp, me: Person): Promise<string> {
  const { id: driftId } = await newDrift(app)
  await approveDrift(app.database.db, me, { driftId })
  return driftId
}

/** Of two drifts, each in a call of its own. */
const changesDrifts =
  (make: (app: TestApp, me: Person) => Promise<string>, fields: object = {}): Prepare =>
  async (app, me) => {
    await becomeEngineer(app, me)
    const [one, two] = [await make(app, me), await make(app, me)]
    return { input: { driftIds: [one], ...fields }, other: { driftIds: [two], ...fields }, target: `drift:${one}` }
  }

export const driftCalls: Record<string, Prepare> = {
  'alerts.list': async () => ({ input: {} }),
  'alerts.unread': async () => ({}),
  'alerts.read': async (app) => {
    const [one, two] = [await newAlert(app), await newAlert(app)]
    return { input: { alertId: one }, other: { alertId: two }, target: `alert:${one}` }
  },
  'alerts.readAll': async (app, me) => {
    await markAllRead(app.database.db, me)
    await newAlert(app)
    return { target: `person:${me.id}` }
  },
  'alerts.events': async () => ({ input: {} }),
  'alerts.onEvent': async (app) => ({
    input: {},
    speaksFirst: true,
    cause: () => newAlert(app),
    isLast: (event) => (event as AlertEvent).type === 'alert.created',
  }),
  'alerts.readEvents': async () => ({ input: {} }),
  'alerts.onRead': async (app, me) => {
    const alertId = await newAlert(app)
    return {
      input: {},
      speaksFirst: true,
      cause: () => markRead(app.database.db, me, alertId),
      isLast: (event) => (event as AlertReadEvent).type === 'alert.read',
    }
  },
  'drifts.list': async () => ({ input: {} }),
  'drifts.get': ofDrift,
  'drifts.reveal': changesDrift({ side: 'actual', path: ['ingress', 1] }),
  'drifts.decision': ofDrift,
  'drifts.history': ofDrift,
  'drifts.report': async (app, me) => {
    await becomeEngineer(app, me)
    return { input: { ...reportOf() }, other: { ...reportOf() }, target: /^drift:[0-9a-f-]{36}$/ }
  },
  'drifts.approve': changesDrift({ reason: 'On purpose' }),
  'drifts.reject': changesDrift({ reason: 'Nobody asked for it' }),
  'drifts.decideMany': changesDrifts(async (app) => (await newDrift(app)).id, { verdict: 'approved' }),
  'drifts.undoMany': changesDrifts(newDecision),
  'drifts.reopen': async (app, me) => {
    await becomeEngineer(app, me)
    const [one, two] = [await newDecision(app, me), await newDecision(app, me)]
    const reason = 'Not so fast'
    return { input: { driftId: one, reason }, other: { driftId: two, reason }, target: `drift:${one}` }
  },
  'drifts.resolve': changesDrift(),
  'drifts.events': async () => ({ input: {} }),
  'drifts.onEvent': async (app) => ({
    input: {},
    speaksFirst: true,
    cause: async () => resolveDrift(app.database.db, operator, (await newDrift(app)).id),
    isLast: (event) => (event as DriftEvent).type === 'drift.resolved',
  }),
  'metrics.summary': async () => ({}),
}
