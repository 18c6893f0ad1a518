import { v7 as newId } from 'uuid'
import { outbox } from '../../offline/outbox.ts'

export const queueSegment = (draftId: string, text: string) =>
  outbox.queue('drafts.append', { draftId, segmentId: newId(), text })
