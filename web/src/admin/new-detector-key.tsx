/** A key with which a program may read and report drifts and do nothing else, in one step. The address can ask for it: `?make=detector`. */
import { Button } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import type { Person } from '../../../shared/account.ts'
import { ApiKeyDialog } from '../account/api-keys/api-key-dialog.tsx'
import { ReauthenticationDialog } from '../account/reauthentication-dialog.tsx'
import { useReauthentication } from '../account/use-reauthentication.ts'
import { queryClient, trpc } from '../plinth.ts'

const suggested = { name: 'Drift detector', scopes: ['drift:read' as const, 'drift:report' as const] }

export function NewDetectorKey({ me, isReadOnly }: { me: Person; isReadOnly: boolean }) {
  const { make } = useSearch({ from: '/admin/api-keys' })
  const navigate = useNavigate({ from: '/admin/api-keys' })
  const [isMaking, setMaking] = useState(false)
  const reauthentication = useReauthentication()
  useEffect(() => {
    if (make && !isReadOnly) setMaking(true)
  }, [make, isReadOnly])
  const close = () => {
    setMaking(false)
    if (make) void navigate({ search: (before) => ({ ...before, make: undefined }), replace: true, resetScroll: false })
  }
  return (
    <>
      <Button leftSection={<IconPlus size="1rem" aria-hidden />} disabled={isReadOnly} onClick={() => setMaking(true)}>
        New detector key
      </Button>
      <ApiKeyDialog
        opened={isMaking}
        role={me.role}
        suggested={suggested}
        needsReauthentication={reauthentication.needs}
        onMade={() => void queryClient.invalidateQueries(trpc.apiKeys.pathFilter())}
        onClose={close}
      />
      <ReauthenticationDialog {...reauthentication.dialog} />
    </>
  )
}
