/** A field for a new password, with its rules beneath it, ticked while the user types. */
import type { TextInputProps } from '@mantine/core'
import { VisuallyHidden } from '@mantine/core'
import { IconCheck, IconPoint } from '@tabler/icons-react'
import type { Ref } from 'react'
import { longPasswordFrom, passwordRules } from '../../../shared/auth.ts'
import classes from './password.module.css'
import { PasswordField } from './password-field.tsx'

type Props = Omit<TextInputProps, 'type' | 'value'> & { value: string; ref?: Ref<HTMLInputElement> }

export function NewPasswordField(props: Props) {
  // Normalized as by the server, which then checks the rules.
  const text = props.value.normalize('NFC')
  return (
    <PasswordField
      {...props}
      autoComplete="new-password"
      inputWrapperOrder={['label', 'input', 'error', 'description']}
      descriptionProps={{ component: 'div' }}
      description={
        <>
          <Rules text={text} forShort={false} />
          <p className={classes.also}>With fewer than {longPasswordFrom} characters, also:</p>
          <Rules text={text} forShort />
        </>
      }
    />
  )
}

function Rules({ text, forShort }: { text: string; forShort: boolean }) {
  return (
    <ul className={classes.rules}>
      {passwordRules
        .filter((rule) => rule.forShort === forShort)
        .map(({ rule, holds }) => {
          const isMet = text !== '' && holds(text)
          return (
            <li key={rule} data-met={isMet || undefined}>
              {isMet ? <IconCheck size="1rem" stroke={2.5} aria-hidden /> : <IconPoint size="1rem" aria-hidden />}
              <span>
                {rule}
                <VisuallyHidden>{isMet ? ', done.' : ', still needed.'}</VisuallyHidden>
              </span>
            </li>
          )
        })}
    </ul>
  )
}
