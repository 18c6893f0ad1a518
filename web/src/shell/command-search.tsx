/**
 * A field and the commands that it finds: the combobox pattern of WAI-ARIA, in which the focus stays in the field.
 * Mantine's Combobox tells assistive technology of a choice only when it was made by an arrow key, not of the first line.
 */
import { IconSearch } from '@tabler/icons-react'
import { type KeyboardEvent, useEffect, useId, useState } from 'react'
import classes from './command-search.module.css'
import { type Command, commandGroups, matches } from './commands.ts'

interface Props {
  commands: Command[]
  onRun: (command: Command) => void
}

export function CommandSearch({ commands, onRun }: Props) {
  const id = useId()
  const [search, setSearch] = useState('')
  const [chosen, setChosen] = useState(0)
  const found = commands.filter((command) => matches(command, search.trim()))
  const optionId = (command: Command | undefined) => command && `${id}-${commands.indexOf(command)}`
  const chosenId = optionId(found[chosen])

  useEffect(() => {
    if (chosenId) document.getElementById(chosenId)?.scrollIntoView({ block: 'nearest' })
  }, [chosenId])

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing || found.length === 0) return
    const steps: Record<string, number> = { ArrowDown: chosen + 1, ArrowUp: chosen - 1 }
    const next = steps[event.key]
    if (next !== undefined) setChosen((next + found.length) % found.length)
    else if (event.key === 'Enter' && found[chosen]) onRun(found[chosen])
    else return
    event.preventDefault()
  }

  return (
    <>
      <div className={classes.field}>
        <IconSearch size="1.25rem" aria-hidden />
        <input
          data-autofocus
          role="combobox"
          aria-label="Search and commands"
          aria-expanded
          aria-controls={id}
          aria-activedescendant={chosenId}
          aria-autocomplete="list"
          autoComplete="off"
          spellCheck={false}
          placeholder="Search or run a command"
          value={search}
          onKeyDown={onKeyDown}
          onChange={(event) => {
            setSearch(event.currentTarget.value)
            setChosen(0)
          }}
        />
      </div>
      {/* The field keeps the focus while somebody points at the list. */}
      <div
        id={id}
        role="listbox"
        aria-label="Commands"
        className={classes.list}
        onPointerDown={(e) => e.preventDefault()}
      >
        {commandGroups.map((group) => {
          const members = found.filter((command) => command.group === group)
          if (members.length === 0) return null
          return (
            // biome-ignore lint/a11y/useSemanticElements: a fieldset is no part of a listbox.
            <div key={group} role="group" aria-label={group}>
              <div className={classes.group} aria-hidden>
                {group}
              </div>
              {members.map((command) => (
                // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the field has keys and focus.
                <div
                  key={command.name}
                  id={optionId(command)}
                  role="option"
                  aria-selected={command === found[chosen]}
                  className={classes.option}
                  onClick={() => onRun(command)}
                >
                  <command.icon size="1.125rem" stroke={1.5} aria-hidden />
                  {command.name}
                </div>
              ))}
            </div>
          )
        })}
      </div>
      {found.length === 0 && <p className={classes.nothing}>Nothing found for “{search.trim()}”. Try another word.</p>}
    </>
  )
}
