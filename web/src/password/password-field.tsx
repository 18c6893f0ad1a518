/** A field for a secret, which can be looked at, and which says when Caps Lock would spoil it. */
import { TextInput, type TextInputProps, UnstyledButton } from '@mantine/core'
import { type KeyboardEvent, type Ref, useState } from 'react'
import { announce } from '../toasts/announcer.tsx'
import classes from './password.module.css'

type Props = Omit<TextInputProps, 'type'> & { ref?: Ref<HTMLInputElement> }

export function PasswordField({ className, ...props }: Props) {
  const [isShown, setShown] = useState(false)
  const [hasCapsLock, setCapsLock] = useState(false)
  const look = (event: KeyboardEvent) => {
    const isOn = event.getModifierState('CapsLock')
    if (isOn && !hasCapsLock) announce('Caps Lock is on')
    setCapsLock(isOn)
  }
  return (
    <div className={`${classes.field} ${className ?? ''}`}>
      <TextInput
        {...props}
        type={isShown ? 'text' : 'password'}
        autoCapitalize="none"
        autoCorrect="off"
        spellCheck={false}
        onKeyDown={look}
        onKeyUp={look}
        onBlur={() => setCapsLock(false)}
        rightSectionWidth="4rem"
        rightSectionPointerEvents="all"
        rightSection={
          <UnstyledButton
            type="button"
            className={classes.show}
            aria-label={isShown ? 'Hide password' : 'Show password'}
            onClick={() => setShown(!isShown)}
          >
            {isShown ? 'Hide' : 'Show'}
          </UnstyledButton>
        }
      />
      {hasCapsLock && (
        <span className={classes.capsLock} aria-hidden>
          Caps Lock is on
        </span>
      )}
    </div>
  )
}
