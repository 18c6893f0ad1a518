import { CreateDraft, draftLimits } from '../../../shared/drafts.ts'

/** As it is asked for, of a new draft and of one that is renamed. */
export const draftTitle = { label: 'Title', longest: draftLimits.titleLength, schema: CreateDraft.shape.title }
