/** A live collection as pages have it: followed as the signed-in user, stored for the next visit, and read by React. */
import { useEffect, useSyncExternalStore } from 'react'
import type { Channel, ListPage, Versioned } from '../../../client/channel.ts'
import type { CollectionOptions } from '../../../client/collection-options.ts'
import type { StoredRows } from '../../../client/known-rows.ts'
import { LiveCollection } from '../../../client/live-collection.ts'
import type { QueuedOffline } from '../../../shared/offline.ts'
import { outbox } from '../offline/outbox.ts'
import { lookAgain, plinth, queryClient } from '../plinth.ts'
import { isSignedInAs } from '../session/session.ts'
import { followAs } from './follow-as.ts'

/**
 * `name`: the key under which the rows are stored; see `keptKeys`. Null where the feature stores them with what it shows beside them, by
 * the options `stored` and `store`.
 */
export function openCollection<
  Row extends Versioned,
  Event extends { type: string; seq: number },
  Path extends QueuedOffline,
  View extends string,
  Page extends ListPage<Row> & { cursor: string },
>(
  userId: string,
  name: string | null,
  channel: Channel<Row, Event, Path, View, Page>,
  options: Omit<CollectionOptions<Row, Event, NoInfer<View>, NoInfer<Page>>, 'queue' | 'follow' | 'onFailure'>,
) {
  const store = options.store ?? ((rows: StoredRows<Row, View>) => void queryClient.setQueryData([name], rows))
  return new LiveCollection(plinth, channel, {
    ...options,
    queue: outbox,
    stored: name === null ? options.stored : queryClient.getQueryData<StoredRows<Row, View>>([name]),
    store: (rows) => {
      // The next user of this tab must not find them.
      if (isSignedInAs(userId)) store(rows)
    },
    follow: (open) => followAs(userId, open),
    onFailure: lookAgain,
  })
}

/** Follows while `isSignedIn`; afterwards what was loaded stays. */
export function useCollection<
  Row extends Versioned,
  Event extends { type: string; seq: number },
  Path extends QueuedOffline,
  View extends string,
  Page extends ListPage<Row> & { cursor: string },
>(collection: LiveCollection<Row, Event, Path, View, Page>, view: NoInfer<View>, isSignedIn: boolean) {
  useEffect(() => {
    if (!isSignedIn) return
    collection.start()
    return () => collection.stop()
  }, [collection, isSignedIn])
  useEffect(() => collection.select(view), [collection, view])
  return useSyncExternalStore(collection.onChange, () => collection.inSight(view))
}
