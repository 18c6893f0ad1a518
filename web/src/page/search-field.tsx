/** A field whose text lives in the address: written there once typing pauses, and read from there when that changes. */
import { TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { type ReactNode, useEffect, useId, useRef, useState } from 'react'
import classes from './filters.module.css'

const pauseMs = 300

interface Props {
  label: string
  placeholder: string
  maxLength: number
  icon?: ReactNode
  /** Offered while somebody types. */
  suggestions?: string[]
  /** As the address has it. */
  value: string
  onChange: (value: string) => void
}

export function SearchField({ label, placeholder, maxLength, icon, suggestions = [], value, onChange }: Props) {
  const [typed, setTyped] = useState(value)
  const told = useRef(value)
  const suggestionsId = useId()
  const tell = (text: string) => {
    if (text.trim() === told.current) return
    told.current = text.trim()
    onChange(told.current)
  }
  const tellSoon = useDebouncedCallback(tell, pauseMs)
  useEffect(() => {
    if (value === told.current) return
    told.current = value
    setTyped(value)
  }, [value])
  return (
    <>
      <TextInput
        className={classes.search}
        type="search"
        autoComplete="off"
        spellCheck={false}
        label={label}
        placeholder={placeholder}
        leftSection={icon}
        maxLength={maxLength}
        value={typed}
        onChange={({ currentTarget }) => {
          setTyped(currentTarget.value)
          tellSoon(currentTarget.value)
        }}
        onKeyDown={({ key }) => key === 'Enter' && tell(typed)}
        list={suggestions.length > 0 ? suggestionsId : undefined}
      />
      {suggestions.length > 0 && (
        <datalist id={suggestionsId}>
          {suggestions.map((suggestion) => (
            <option key={suggestion} value={suggestion} />
          ))}
        </datalist>
      )}
    </>
  )
}
