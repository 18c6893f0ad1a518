/** Asks what a new API key is for, what it may and how long, and shows it once. The secret is in this dialog and nowhere else. */
import { Button, Checkbox, CopyButton, Group, NativeSelect, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { IconCheck, IconChevronDown, IconCopy } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useRef, useState } from 'react'
import { toPlinthError } from '../../../../client/plinth.ts'
import type { Role } from '../../../../shared/account.ts'
import { apiKeyLimits, CreateApiKey, type NewApiKey, type Scope } from '../../../../shared/api-keys.ts'
import { capabilities, hasCapability } from '../../../../shared/capabilities.ts'
import type { FieldFault } from '../../../../shared/errors.ts'
import { FormFailure } from '../../failure/form-failure.tsx'
import { Dialog } from '../../page/dialog.tsx'
import { faultsOf, useFields } from '../../page/use-fields.ts'
import { secretGcTime, trpc } from '../../plinth.ts'
import { announce } from '../../toasts/announcer.tsx'
import classes from './api-keys.module.css'
import { scopeNames } from './scope-names.ts'

interface Props {
  opened: boolean
  /** Of whom it will act as. */
  role: Role
  /** What it is most likely for, where the page knows. */
  suggested?: { name: string; scopes: Scope[] }
  onMade: () => void
  onClose: () => void
  /** Whether the failure is one that the person can lift by showing that it is them; then `again` is done. */
  needsReauthentication: (error: unknown, again: () => void) => boolean
}

const fadeMs = 200

export function ApiKeyDialog({ opened, onClose, onMade, ...form }: Props) {
  const [made, setMade] = useState<NewApiKey | null>(null)
  const close = () => {
    onClose()
    // Once the dialog has faded, so that it does not become another one meanwhile.
    setTimeout(() => setMade(null), fadeMs)
  }
  return (
    <Dialog opened={opened} onClose={close} isFirm={made !== null} title={made ? 'Copy the key now' : 'New API key'}>
      {made ? (
        <MadeKey made={made} onDone={close} />
      ) : (
        <ApiKeyForm
          {...form}
          onCancel={close}
          onMade={(key) => {
            setMade(key)
            onMade()
          }}
        />
      )}
    </Dialog>
  )
}

const never = 'never'
const durations = [
  { value: '7', label: '7 days' },
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: '1 year' },
  { value: never, label: 'Until it is revoked' },
]

interface FormProps extends Pick<Props, 'role' | 'suggested' | 'needsReauthentication'> {
  onMade: (made: NewApiKey) => void
  onCancel: () => void
}

function ApiKeyForm({ role, suggested, onMade, onCancel, needsReauthentication }: FormProps) {
  const form = useFields({ name: suggested?.name ?? '' })
  const [scopes, setScopes] = useState<Scope[]>(suggested?.scopes ?? [])
  const [scopesFault, setScopesFault] = useState<string>()
  const [duration, setDuration] = useState(String(apiKeyLimits.usualDays))
  const firstScope = useRef<HTMLInputElement>(null)
  const refuse = (faults: FieldFault[]) => {
    const ofScopes = faults.find(({ field }) => field.split('.')[0] === 'scopes')
    setScopesFault(ofScopes?.message)
    if (!form.refuse(faults) && ofScopes) firstScope.current?.focus()
  }
  const make = useMutation({
    ...trpc.apiKeys.create.mutationOptions({ gcTime: secretGcTime }),
    onSuccess: onMade,
    onError: (error, input) => {
      if (!needsReauthentication(error, () => make.mutate(input))) refuse(toPlinthError(error).details)
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (make.isPending) return
    make.reset()
    const expiresInDays = duration === never ? null : Number(duration)
    const input = CreateApiKey.safeParse({ name: form.values.name, scopes, expiresInDays })
    if (input.success) make.mutate(input.data)
    else refuse(faultsOf(input.error))
  }
  const { code, details } = make.error ? toPlinthError(make.error) : { code: null, details: [] }
  const isToldElsewhere = code === 'REAUTHENTICATION_REQUIRED' || details.length > 0
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md">
        <TextInput
          data-autofocus
          label="Name"
          description={`What the key is for, up to ${apiKeyLimits.nameLength} characters.`}
          autoComplete="off"
          {...form.field('name')}
        />
        <Checkbox.Group
          label="What it may do"
          description="Choose only what the program needs."
          error={scopesFault}
          value={scopes}
          onChange={(chosen) => {
            setScopes(chosen as Scope[])
            setScopesFault(undefined)
          }}
        >
          <Stack gap="xs" mt="xs" mb={scopesFault ? 'xs' : undefined}>
            {capabilities
              .filter((scope) => hasCapability(role, scope))
              .map((scope, index) => (
                <Checkbox
                  key={scope}
                  ref={index === 0 ? firstScope : undefined}
                  value={scope}
                  label={scopeNames[scope]}
                  description={scope}
                />
              ))}
          </Stack>
        </Checkbox.Group>
        <NativeSelect
          label="Good for"
          description="A program whose key has expired is refused until it gets another one."
          rightSection={<IconChevronDown size="1rem" aria-hidden />}
          data={durations}
          value={duration}
          onChange={({ currentTarget }) => setDuration(currentTarget.value)}
        />
        <FormFailure title="The key was not made" error={isToldElsewhere ? null : make.error} />
      </Stack>
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" loading={make.isPending}>
          Make key
        </Button>
      </Group>
    </form>
  )
}

function MadeKey({ made: { name, key }, onDone }: { made: NewApiKey; onDone: () => void }) {
  return (
    <>
      <p className={classes.warning}>
        The key is shown only this once. Anyone who has it can act as you, so protect it like a password.
      </p>
      <Textarea
        data-autofocus
        readOnly
        autosize
        label={`Key of “${name}”`}
        classNames={{ input: classes.key }}
        spellCheck={false}
        value={key}
        onFocus={({ currentTarget }) => currentTarget.select()}
      />
      <Text size="sm" c="dimmed" mt="xs">
        A program sends it with each request as <code>Authorization: Bearer …</code>
      </Text>
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={onDone}>
          Done
        </Button>
        <CopyButton value={key} timeout={4000}>
          {({ copied, copy }) => (
            <Button
              leftSection={copied ? <IconCheck size="1rem" aria-hidden /> : <IconCopy size="1rem" aria-hidden />}
              onClick={() => {
                copy()
                announce('Key copied')
              }}
            >
              {copied ? 'Copied' : 'Copy key'}
            </Button>
          )}
        </CopyButton>
      </Group>
    </>
  )
}
