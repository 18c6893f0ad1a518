/** What was refused, with the reason, to be tried again or discarded; and what still waits, in its order. */
import type { OutboxEntry } from '../../../client/outbox.ts'
import type { QueuedOffline } from '../../../shared/offline.ts'
import { RefusalChoices } from '../failure/refusal.tsx'
import { Dialog } from '../page/dialog.tsx'
import rows from '../page/row.module.css'
import { TimeAgo } from '../page/time-ago.tsx'
import { useProducts } from '../products/use-products.ts'
import type { DialogState } from '../shell/use-lazy-dialog.ts'
import { announce } from '../toasts/announcer.tsx'
import { entryWords } from './entry-words.ts'
import { knownNames } from './known-names.ts'
import { outbox } from './outbox.ts'
import classes from './outbox-dialog.module.css'
import { useOutboxEntries } from './use-outbox.ts'

type Entry = OutboxEntry<QueuedOffline>

export function OutboxDialog({ opened, onClose }: DialogState) {
  const entries = useOutboxEntries()
  const products = useProducts()
  const nameOf = knownNames(entries, products)
  const wordsOf = (entry: Entry) => entryWords(entry, nameOf, products)
  const refused = entries.filter(({ state }) => state === 'refused')
  const waiting = entries.filter(({ state }) => state !== 'refused')

  return (
    <Dialog opened={opened} onClose={onClose} title="Changes that are not sent">
      {entries.length === 0 && <p>Everything is sent.</p>}
      {refused.length > 0 && (
        <section aria-label="Refused">
          <h3 className={classes.heading}>Refused</h3>
          <ul className={rows.list} aria-label="Refused changes">
            {refused.map((entry) => (
              <li key={entry.id} className={classes.entry}>
                <RefusedEntry entry={entry} words={wordsOf(entry)} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {waiting.length > 0 && (
        <section aria-label="Waiting">
          <h3 className={classes.heading}>Waiting</h3>
          <ul className={rows.list} aria-label="Waiting changes">
            {waiting.map((entry) => (
              <li key={entry.id} className={classes.entry}>
                <strong>{wordsOf(entry)}</strong>
                <span className={classes.quiet}>
                  <TimeAgo at={entry.queuedAt} />
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </Dialog>
  )
}

function RefusedEntry({ entry: { id, refusal }, words }: { entry: Entry; words: string }) {
  if (!refusal) return null
  const discard = async () => {
    if (await outbox.discard(id)) announce(`Discarded: ${words}`)
  }
  return (
    <>
      <strong>{words}</strong>
      <p className={classes.reason}>{refusal.message}</p>
      {refusal.details.length > 0 && (
        <ul className={classes.faults}>
          {refusal.details.map(({ field, message }) => (
            <li key={field}>{message}</li>
          ))}
        </ul>
      )}
      <RefusalChoices refusal={refusal} onTryAgain={() => void outbox.tryAgain(id)} onDiscard={() => void discard()} />
    </>
  )
}
