/** What of all that is loaded may outlive its page. Whatever is not here is not kept: no secret, no mail, nothing that is shown to administrators. */

/** By the path of the procedure that was asked. */
export const keptPaths = new Set([
  'tasks.list',
  'tasks.get',
  'conversations.list',
  'conversations.get',
  'conversations.messages.list',
  'conversations.assistant',
])
/** By the key that a page gave it. */
export const keptKeys = new Set<unknown>(['session', 'tasks in sight', 'conversation-list', 'conversation'])

export function isKept(queryKey: readonly unknown[]): boolean {
  const [first] = queryKey
  return Array.isArray(first) ? keptPaths.has(first.join('.')) : keptKeys.has(first)
}
