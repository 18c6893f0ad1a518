import { Button, CopyButton } from '@mantine/core'

/** By which the server's log names a request; to copy, for whoever reports it. */
export function RequestId({ value }: { value: string }) {
  return (
    <>
      <code>{value}</code>{' '}
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Button variant="subtle" size="compact-xs" onClick={copy}>
            {copied ? 'Copied' : 'Copy request id'}
          </Button>
        )}
      </CopyButton>
    </>
  )
}
