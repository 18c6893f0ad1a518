import { Button } from '@mantine/core'
import { showFailure } from '../toasts/toasts.tsx'

interface Props {
  list: {
    hasNextPage: boolean
    isFetchingNextPage: boolean
    fetchNextPage: () => Promise<{ isFetchNextPageError: boolean; error: unknown }>
  }
  what: string
}

export function ShowMore({ list, what }: Props) {
  if (!list.hasNextPage) return null
  const showMore = async () => {
    const { isFetchNextPageError, error } = await list.fetchNextPage()
    if (isFetchNextPageError) showFailure(`More ${what} could not be loaded`, error)
  }
  return (
    <Button variant="default" mt="md" loading={list.isFetchingNextPage} onClick={showMore}>
      Show more {what}
    </Button>
  )
}
