import { describe, expect, it } from 'vitest'
import type { DraftEvent } from '../../../shared/drafts.ts'
import { at, emptyDraft, me, mira } from '../../test/draft-fixtures.ts'
import { type HeadState, ringHolderId, withEvent, withPass, withPassAnswered, withSnapshot } from './draft-head.ts'

const { segments: _, ...draft } = emptyDraft

type Step = (state: HeadState) => HeadState
const event =
  (reported: object): Step =>
  (state) =>
    withEvent(state, { seq: 1, at, actorId: me.id, ...reported } as DraftEvent)
const passed = (from: string, to: string) => event({ type: 'ring.passed', from, to })
const snapshot =
  (ringHolder: string): Step =>
  (state) =>
    withSnapshot(state, { ...draft, ringHolderId: ringHolder })
const pass: Step = (state) => withPass(state, mira.id)
const answered: Step = withPassAnswered
const stateAfter = (...steps: Step[]) =>
  steps.reduce<HeadState>((state, step) => step(state), { draft, ringPass: null, isLost: false })
const holderAfter = (...steps: Step[]) => ringHolderId(stateAfter(...steps))

describe('the ring', () => {
  it('counts as passed at once, and comes back when that is refused', () => {
    expect(holderAfter(pass)).toBe(mira.id)
    expect(holderAfter(pass, (state) => ({ ...state, ringPass: null }))).toBe(me.id)
  })

  it('is where the events say, passed back before the response or after it', () => {
    const there = passed(me.id, mira.id)
    const back = passed(mira.id, me.id)
    expect(holderAfter(pass, there, back, answered)).toBe(me.id)
    expect(holderAfter(pass, there, answered, back)).toBe(me.id)
    expect(holderAfter(pass, answered, there, back)).toBe(me.id)
    expect(holderAfter(pass, answered)).toBe(mira.id)
  })

  it('does not stay passed when a snapshot replaces the event', () => {
    expect(holderAfter(pass, answered, snapshot(me.id))).toBe(me.id)
    expect(holderAfter(pass, snapshot(me.id), answered)).toBe(me.id)
    expect(holderAfter(pass, snapshot(me.id))).toBe(mira.id)
    expect(stateAfter(pass, snapshot('another')).ringPass).toBeNull()
  })

  it('goes to the owner with the holder who is removed', () => {
    const removed = event({ type: 'collaborator.removed', userId: mira.id, ringHolderId: me.id })
    const state = stateAfter(passed(me.id, mira.id), removed)
    expect(ringHolderId(state)).toBe(me.id)
    expect(state.draft?.collaborators).toEqual([me])
  })
})

it('lists a collaborator once who is added again, with the newest name', () => {
  const renamed = { ...mira, displayName: 'Mira M.' }
  const added = event({ type: 'collaborator.added', person: renamed })
  expect(stateAfter(added, added).draft?.collaborators).toEqual([me, renamed])
})

it('is shown again when a user who had lost it is sent a snapshot', () => {
  const lost: HeadState = { draft, ringPass: null, isLost: true }
  expect(withSnapshot(lost, draft).isLost).toBe(false)
})
