/** A live collection as pages have it: followed as the signed-in user, stored for the next visit, and read by React. */
import { useEffect, useSyncExternalStore } from 'react'
import type { Channel, Versioned } from '../../../client/channel.ts'
import type { CollectionOptions } from '../../../client/collection-options.ts'
import type { StoredRows } from '../../../client/known-rows.ts'
import { LiveCollection } from '../../../client/live-collection.ts'
import type { QueuedOffline } from '../../../shared/offline.ts'
import { outbox } from '../offline/outbox.ts'
import { lookAgain, plinth, queryClient } from '../plinth.ts'
import { isSignedInAs } from '../session/session.ts'
import { followAs } from './follow-as.ts'

/** `name`: the key under which the rows are stored; see `keptKeys`. */
export function openCollection<
  Row extends Versioned,
  Event extends { type: string; seq: number },
  Path extends QueuedOffline,
  View extends string,
>(
  userId: string,
  name: string,
  channel: Channel<Row, Event, Path, View>,
  options: Pick<CollectionOptions<Row, Event, NoInfer<View>>, 'view' | 'firstPage' | 'onRemoteChange'>,
) {
  return new LiveCollection(plinth, channel, {
    ...options,
    queue: outbox,
    stored: queryClient.getQueryData<StoredRows<Row, View>>([name]),
    store: (rows) => {
      // The next user of this tab must not find them.
      if (isSignedInAs(userId)) queryClient.setQueryData([name], rows)
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
>(collection: LiveCollection<Row, Event, Path, View>, view: NoInfer<View>, isSignedIn: boolean) {
  useEffect(() => {
    if (!isSignedIn) return
    collection.start()
    return () => collection.stop()
  }, [collection, isSignedIn])
  useEffect(() => collection.select(view), [collection, view])
  return useSyncExternalStore(collection.onChange, () => collection.inSight(view))
}
