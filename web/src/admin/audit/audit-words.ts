/** What the records of the audit log say, in words. An action that has none here is shown by its code. */

import type { AuditRecord } from '../../../../shared/audit-log.ts'
import type { Product } from '../../products/product.ts'

type ActionWords = Readonly<Record<string, string>>

/** From all products, after the name of the user. */
export const actionWordsOf = (products: readonly Product[]): ActionWords =>
  Object.assign({}, ...products.map(({ auditWords }) => auditWords))

const stolenWords = 'had a spent refresh token come back, so the session was ended'

/** Undefined where there are none. */
export const recordWords = (
  { action, after }: Pick<AuditRecord, 'action' | 'after'>,
  actionWords: ActionWords,
): string | undefined => (action === 'auth.refresh' && after?.reason === 'stolen' ? stolenWords : actionWords[action])

export const actionTitle = (action: string, actionWords: ActionWords): string => {
  const words = actionWords[action]
  return words ? words.charAt(0).toUpperCase() + words.slice(1) : action
}

/** Of `noun:id`. */
export function targetParts(target: string): { noun: string; id: string } {
  const [noun = '', ...id] = target.split(':')
  return { noun, id: id.join(':') }
}

/** A noun as in targets, such as `apiKey`. */
export function withArticle(noun: string): string {
  const words = noun
    .replaceAll(/([a-z])([A-Z])/g, (_, end, begin) => `${end} ${begin.toLowerCase()}`)
    .replace('api key', 'API key')
  return `${/^[aeiou]/i.test(words) ? 'an' : 'a'} ${words}`
}

export function valueWords(value: unknown): string {
  if (value === undefined || value === null || value === '') return 'nothing'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
