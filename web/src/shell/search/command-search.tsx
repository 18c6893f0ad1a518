/**
 * A field and what it finds, the user's things before commands: the combobox pattern of WAI-ARIA, in which the focus stays in the field.
 * Mantine's Combobox tells assistive technology of a choice only when it was made by an arrow key, not of the first line.
 */
import { IconSearch } from '@tabler/icons-react'
import { type KeyboardEvent, useEffect, useId, useState } from 'react'
import { errorCode } from '../../../../client/plinth.ts'
import { type SearchHit, searchLimits } from '../../../../shared/search.ts'
import classes from './command-search.module.css'
import { type Command, matches } from './commands.ts'
import { kinds, stateOf, titleOf } from './found.ts'
import { Marked } from './marked.tsx'
import { type Found, useFound } from './use-found.ts'

interface Props {
  commands: Command[]
  isSignedIn: boolean
  onRun: (command: Command) => void
  onOpen: (hit: SearchHit) => void
}

type Option = { key: string; group: string } & ({ command: Command } | { hit: SearchHit })

const mostRecent = 6

export function CommandSearch({ commands, isSignedIn, onRun, onOpen }: Props) {
  const id = useId()
  const [search, setSearch] = useState('')
  const text = search.trim()
  const found = useFound(text, isSignedIn)
  // By its key, so that the choice stays when a response puts others above it.
  const [chosenKey, setChosenKey] = useState<string | null>(null)
  const options: Option[] = [
    ...optionsOf(text === '' ? found.hits.slice(0, mostRecent) : found.hits, text),
    ...commands
      .filter((command) => matches(command, text))
      .map((command) => ({ key: command.name, group: command.group, command })),
  ]
  const groups = [...Map.groupBy(options, ({ group }) => group)]
  const inOrder = groups.flatMap(([, members]) => members)
  const place = Math.max(
    inOrder.findIndex(({ key }) => key === chosenKey),
    0,
  )
  const chosen = inOrder[place]
  const optionId = (option: Option | undefined) => option && `${id}-${option.key.replaceAll(' ', '_')}`
  const chosenId = optionId(chosen)

  useEffect(() => {
    if (chosenId) document.getElementById(chosenId)?.scrollIntoView({ block: 'nearest' })
  }, [chosenId])

  const run = (option: Option) => ('hit' in option ? onOpen(option.hit) : onRun(option.command))
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing || chosen === undefined) return
    const steps: Record<string, number> = { ArrowDown: place + 1, ArrowUp: place - 1 }
    const next = steps[event.key]
    if (next !== undefined) setChosenKey(inOrder[(next + inOrder.length) % inOrder.length]?.key ?? null)
    else if (event.key === 'Enter') run(chosen)
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
          placeholder={isSignedIn ? 'Search your things or run a command' : 'Search for a page or a command'}
          maxLength={searchLimits.textLength}
          value={search}
          onKeyDown={onKeyDown}
          onChange={(event) => {
            setSearch(event.currentTarget.value)
            setChosenKey(null)
          }}
        />
      </div>
      {/* The field keeps the focus while a user points at the list. */}
      <div
        id={id}
        role="listbox"
        aria-label="Results and commands"
        aria-busy={found.isSearching}
        className={classes.list}
        onPointerDown={(e) => e.preventDefault()}
      >
        {groups.map(([group, members]) => (
          // biome-ignore lint/a11y/useSemanticElements: a fieldset is no part of a listbox.
          <div key={group} role="group" aria-label={group}>
            <div className={classes.group} aria-hidden>
              {group}
            </div>
            {members.map((option) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the field has keys and focus.
              <div
                key={option.key}
                id={optionId(option)}
                role="option"
                aria-selected={option === chosen}
                className={classes.option}
                onClick={() => run(option)}
              >
                {'hit' in option ? <Hit hit={option.hit} search={text} /> : <CommandLine command={option.command} />}
              </div>
            ))}
          </div>
        ))}
      </div>
      <Status found={found} text={text} count={options.length} />
    </>
  )
}

/** Those of one product together, that with the best one first; without a text all together, the newest first. */
const optionsOf = (hits: SearchHit[], text: string): Option[] =>
  hits.map((hit) => ({ key: `${hit.kind} ${hit.id}`, group: text === '' ? 'Recent' : kinds[hit.kind].group, hit }))

function CommandLine({ command }: { command: Command }) {
  return (
    <>
      <command.icon size="1.125rem" stroke={1.5} aria-hidden />
      {command.name}
    </>
  )
}

function Hit({ hit, search }: { hit: SearchHit; search: string }) {
  const { icon: KindIcon } = kinds[hit.kind]
  const state = stateOf(hit)
  return (
    <>
      <KindIcon size="1.125rem" stroke={1.5} aria-hidden />
      <span className={classes.hit}>
        <span className={classes.line} dir="auto">
          <Marked text={titleOf(hit)} search={search} />
        </span>
        {hit.excerpt && (
          <span className={classes.excerpt} dir="auto">
            <Marked text={hit.excerpt} search={search} />
          </span>
        )}
      </span>
      {state && <span className={classes.state}>{state}</span>}
    </>
  )
}

/** Says what became of the search, in a line that is always there, so that nothing moves. */
function Status({ found, text, count }: { found: Found; text: string; count: number }) {
  const { error, isSearching, hits, retry } = found
  return (
    <div className={classes.status}>
      <span role="status">
        {error ? failureWords(error) : text !== '' && !isSearching && resultWords(hits, count, text)}
      </span>
      {Boolean(error) && (
        <button type="button" className={classes.retry} onClick={retry}>
          Try again
        </button>
      )}
      {!error && isSearching && <span className="late">Searching…</span>}
    </div>
  )
}

const failureWords = (error: unknown) =>
  errorCode(error) === 'NETWORK_ERROR'
    ? 'You are offline: only commands are found.'
    : errorCode(error) === 'RATE_LIMITED'
      ? 'Too many searches. Wait a minute.'
      : 'Search did not work.'

function resultWords(hits: SearchHit[], count: number, text: string): string {
  if (count === 0) return `Nothing found for “${text}”. Try another word.`
  return hits.length === 1 ? '1 result' : hits.length === 0 ? 'No results, only commands' : `${hits.length} results`
}
