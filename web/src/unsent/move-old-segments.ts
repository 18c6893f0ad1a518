/**
 * Segments of drafts that an earlier release stored in localStorage until the server had accepted them. They go to the outbox when their
 * author is signed in. Those of other users are deleted then, like all unsent work that another user left on this device.
 */
import { outbox } from '../offline/outbox.ts'

const prefix = 'plinth-unsent-segments:'

interface OldSegment {
  id: string
  text: string
  /** When it was written. */
  at: string
}

/** The id of a segment is from when it was written: one that two tabs move, or that was sent already, is added once. */
export async function moveOldSegments(personId: string): Promise<void> {
  for (const key of oldKeys()) {
    const [owner, draftId = ''] = key.slice(prefix.length).split(':')
    if (owner === personId) {
      const stored = readSegments(key).map(
        ({ id: segmentId, text }) => outbox.queue('drafts.append', { draftId, segmentId, text }).written,
      )
      await Promise.all(stored)
    }
    localStorage.removeItem(key)
  }
}

function oldKeys(): string[] {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix))
  } catch {
    // Storage is forbidden, so it has nothing.
    return []
  }
}

function readSegments(key: string): OldSegment[] {
  try {
    const segments = JSON.parse(localStorage.getItem(key) ?? '[]') as OldSegment[]
    return segments.sort((one, other) => one.at.localeCompare(other.at))
  } catch {
    return []
  }
}
