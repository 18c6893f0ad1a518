/** Who finds the user in a search. Each choice says in one sentence what it does. */
import { Radio, Stack } from '@mantine/core'
import type { PrivacySettings } from '../../../shared/profiles.ts'
import classes from './profile-settings.module.css'
import { useChangeProfile } from './use-profile.ts'

interface Choice<Value extends string> {
  value: Value
  label: string
  description: string
}

const profileChoices: Choice<PrivacySettings['profile']>[] = [
  { value: 'everyone', label: 'Everyone', description: 'Every user finds you by your username or your name.' },
  { value: 'friends', label: 'Friends', description: 'Only users who share a group with you find you.' },
  {
    value: 'nobody',
    label: 'Only me',
    description: 'No search finds you, but users who know your exact username can still add you.',
  },
]

export function PrivacyForm({ settings, isReadOnly }: { settings: PrivacySettings; isReadOnly: boolean }) {
  const { change } = useChangeProfile('Privacy')
  return (
    <Stack gap="lg" className={classes.form}>
      <Choices
        label="Who finds my profile"
        choices={profileChoices}
        value={settings.profile}
        isReadOnly={isReadOnly}
        onChoose={(profile) => change({ privacySettings: { profile } })}
      />
    </Stack>
  )
}

interface Props<Value extends string> {
  label: string
  choices: Choice<Value>[]
  value: Value
  isReadOnly: boolean
  onChoose: (value: Value) => void
}

function Choices<Value extends string>({ label, choices, value, isReadOnly, onChoose }: Props<Value>) {
  return (
    <Radio.Group label={label} value={value} onChange={(chosen) => onChoose(chosen as Value)}>
      <Stack gap="sm" mt="xs">
        {choices.map((choice) => (
          <Radio key={choice.value} disabled={isReadOnly} {...choice} />
        ))}
      </Stack>
    </Radio.Group>
  )
}
