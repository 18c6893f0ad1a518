/** The ways to sign in to this account. The last one stays, or the person would be locked out. */
import { Button } from '@mantine/core'
import { IconBrandGoogleFilled } from '@tabler/icons-react'
import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import type { Identity } from '../../../shared/account.ts'
import { LoadFailure } from '../failure/load-failure.tsx'
import { ConfirmDialog, type Question } from '../page/confirm-dialog.tsx'
import rows from '../page/row.module.css'
import { Row } from '../page/row.tsx'
import { RowSkeletons } from '../page/row-skeletons.tsx'
import { Section } from '../page/section.tsx'
import { Day, TimeAgo } from '../page/time-ago.tsx'
import { queryClient, trpc } from '../plinth.ts'
import { useSession } from '../session/session.ts'
import { showDone, showFailure } from '../toasts/toasts.tsx'
import { identitiesQuery, itemsOf } from './account-queries.ts'
import { providerNames } from './provider-names.ts'
import { ShowMore } from './show-more.tsx'

const nameOf = ({ provider, email }: Identity) =>
  email ? `${providerNames[provider]} (${email})` : providerNames[provider]

const questionAbout = (identity: Identity): Question => ({
  question: `Unlink ${nameOf(identity)}?`,
  consequence:
    'You will no longer be able to sign in with it. Your other ways to sign in stay, and so does all of your account.',
  confirm: `Unlink ${providerNames[identity.provider]}`,
})

export function SignInMethodsTab() {
  const isSignedIn = useSession().state === 'signed-in'
  const heading = useRef<HTMLHeadingElement>(null)
  const list = useInfiniteQuery({ ...identitiesQuery, enabled: isSignedIn })
  const [asked, setAsked] = useState<Identity | null>(null)
  const [isAsking, setAsking] = useState(false)
  const unlink = useMutation({
    ...trpc.account.identities.unlink.mutationOptions(),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: identitiesQuery.queryKey })
      setAsking(false)
      setTimeout(() => heading.current?.focus(), 50)
      showDone('Sign-in method unlinked')
    },
    onError: (error) => {
      setAsking(false)
      showFailure('The sign-in method was not unlinked', error)
      void queryClient.invalidateQueries({ queryKey: identitiesQuery.queryKey })
    },
  })
  const identities = list.data && itemsOf(list.data)
  const isOnly = identities?.length === 1 && !list.hasNextPage

  return (
    <Section title="Sign-in methods" headingRef={heading} about="Each of these lets you into this same account.">
      {list.error && !identities && (
        <LoadFailure error={list.error} isRetrying={list.isFetching} onRetry={() => void list.refetch()} />
      )}
      {!list.error && !identities && isSignedIn && <RowSkeletons count={1} label="Loading sign-in methods" />}
      {!list.error && !identities && !isSignedIn && (
        <p>The list was not loaded before your session ended. Sign in again to see it.</p>
      )}
      {identities && (
        <ul className={rows.list}>
          {identities.map((identity) => (
            <li key={identity.id}>
              <Row
                icon={IconBrandGoogleFilled}
                strong={providerNames[identity.provider]}
                quiet={
                  <>
                    {identity.email ?? 'No e-mail address'} · Added on <Day at={identity.createdAt} /> · Last used{' '}
                    <TimeAgo at={identity.lastUsedAt} />
                  </>
                }
                isPending={unlink.isPending && unlink.variables.identityId === identity.id}
                side={
                  !isOnly && (
                    <Button
                      variant="default"
                      size="xs"
                      disabled={!isSignedIn || unlink.isPending}
                      aria-label={`Unlink ${nameOf(identity)}`}
                      onClick={() => {
                        setAsked(identity)
                        setAsking(true)
                      }}
                    >
                      Unlink
                    </Button>
                  )
                }
              />
            </li>
          ))}
        </ul>
      )}
      {isOnly && <p>This is your only way to sign in, so it cannot be unlinked.</p>}
      <ShowMore list={list} what="sign-in methods" />
      <ConfirmDialog
        asked={asked && questionAbout(asked)}
        opened={isAsking}
        isPending={unlink.isPending}
        onCancel={() => setAsking(false)}
        onConfirm={() => asked && unlink.mutate({ identityId: asked.id })}
      />
    </Section>
  )
}
