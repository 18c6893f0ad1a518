/** The sign-in methods of this account, and its password. The last method cannot be removed, or the user would be locked out. */
import { Button, Group } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import type { Identity } from '../../../../shared/account.ts'
import { LoadFailure } from '../../failure/load-failure.tsx'
import { ConfirmDialog, type Question } from '../../page/confirm-dialog.tsx'
import rows from '../../page/row.module.css'
import { RowSkeletons } from '../../page/row-skeletons.tsx'
import { Section } from '../../page/section.tsx'
import { queryClient, trpc } from '../../plinth.ts'
import { useSession } from '../../session/session.ts'
import { methodsQuery } from '../../sign-in/sign-in-search.ts'
import { showDone, showFailure } from '../../toasts/toasts.tsx'
import { identitiesQuery, itemsOf } from '../account-queries.ts'
import { ReauthenticationDialog } from '../reauthentication-dialog.tsx'
import { ShowMore } from '../show-more.tsx'
import { useReauthentication } from '../use-reauthentication.ts'
import { AddAccountButton } from './add-account-button.tsx'
import { IdentityRow, nameOf } from './identity-row.tsx'
import { PasswordDialog } from './password-dialog.tsx'
import { providerNames } from './provider-names.ts'
import { useAddingOutcome } from './use-adding-outcome.ts'

function questionAbout(identity: Identity): Question {
  const consequence =
    'You will no longer be able to sign in with it. Your other ways to sign in stay, and so does all of your account.'
  if (identity.provider === 'password')
    return { question: 'Remove your password?', consequence, confirm: 'Remove password' }
  return {
    question: `Unlink ${nameOf(identity)}?`,
    consequence,
    confirm: `Unlink ${providerNames[identity.provider]}`,
  }
}

const reload = () => queryClient.invalidateQueries({ queryKey: identitiesQuery.queryKey })

export function SignInMethodsTab() {
  useAddingOutcome()
  const session = useSession()
  const isSignedIn = session.state === 'signed-in'
  const heading = useRef<HTMLHeadingElement>(null)
  const methods = useQuery(methodsQuery)
  const list = useInfiniteQuery({ ...identitiesQuery, enabled: isSignedIn })
  const [asked, setAsked] = useState<Identity | null>(null)
  const [isAsking, setAsking] = useState(false)
  const [isChoosing, setChoosing] = useState(false)
  const reauthentication = useReauthentication()
  const unlink = useMutation({
    ...trpc.account.identities.unlink.mutationOptions(),
    onSuccess: async () => {
      await reload()
      setAsking(false)
      setTimeout(() => heading.current?.focus(), 50)
      showDone('Sign-in method removed')
    },
    onError: (error, input) => {
      setAsking(false)
      if (reauthentication.needs(error, () => unlink.mutate(input))) return
      showFailure('The sign-in method was not removed', error)
      void reload()
    },
  })
  const identities = list.data && itemsOf(list.data)
  const isOnly = identities?.length === 1 && !list.hasNextPage
  const hasPassword = identities?.some(({ provider }) => provider === 'password') ?? false
  const hasEmail = 'person' in session && session.person.email !== null

  return (
    <Section
      title="Sign-in methods"
      headingRef={heading}
      about="You can sign in to this account with each of these."
      action={
        identities &&
        !methods.isPending && (
          <Group gap="xs">
            {methods.data?.methods.map((method) => (
              <AddAccountButton
                key={method.provider}
                method={method}
                isDisabled={!isSignedIn}
                needsReauthentication={reauthentication.needs}
              />
            ))}
            {/* Signing in by password needs an address. */}
            {(hasPassword || hasEmail) && (
              <Button variant="default" disabled={!isSignedIn} onClick={() => setChoosing(true)}>
                {hasPassword ? 'Change password' : 'Set a password'}
              </Button>
            )}
          </Group>
        )
      }
    >
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
              <IdentityRow
                identity={identity}
                isOnly={isOnly}
                isDisabled={!isSignedIn || unlink.isPending}
                isPending={unlink.isPending && unlink.variables.identityId === identity.id}
                onUnlink={() => {
                  setAsked(identity)
                  setAsking(true)
                }}
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
      <PasswordDialog
        opened={isChoosing}
        hasPassword={hasPassword}
        needsReauthentication={reauthentication.needs}
        onCancel={() => setChoosing(false)}
        onChanged={() => {
          setChoosing(false)
          void reload()
          showDone(hasPassword ? 'Password changed' : 'Password set')
        }}
      />
      <ReauthenticationDialog {...reauthentication.dialog} />
    </Section>
  )
}
