import { useNetwork } from '@mantine/hooks'
import { useStore } from '../live/store.ts'
import { useTellFeed } from '../shell/status/feed-in-sight.ts'
import { useReview } from './drift-review.tsx'

/** For the status bar. Offline its own words are the right ones: nothing that is done here waits for the connection. */
export function useTellReview() {
  const { feed } = useStore(useReview().list)
  const { online } = useNetwork()
  useTellFeed(online && (feed === 'live' || feed === 'polling') ? feed : 'ended')
}
