/** The words of a message as they were written, its addresses as links, its blocks of code with a button to copy them. */
import { ActionIcon, CopyButton, Tooltip } from '@mantine/core'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { announce } from '../toasts/announcer.tsx'
import classes from './message.module.css'
import { type Block, blocksOf, type Inline } from './message-parts.ts'

export function MessageText({ text }: { text: string }) {
  // biome-ignore lint/suspicious/noArrayIndexKey: nothing in a message moves, so a place names a part.
  return blocksOf(text).map((block, place) => <BlockOf key={place} block={block} />)
}

function BlockOf({ block }: { block: Block }) {
  if (block.type === 'words')
    return (
      <p className={classes.text}>
        {block.parts.map((part, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: see above.
          <InlineOf key={place} part={part} />
        ))}
      </p>
    )
  const { language, text } = block
  return (
    <figure className={classes.code} aria-label={language === '' ? 'Code' : `Code, ${language}`}>
      <figcaption>
        <span>{language}</span>
        <CopyCode text={text} />
      </figcaption>
      {/* Wider than the page it scrolls by itself, also by keyboard. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: see above. */}
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
    </figure>
  )
}

function InlineOf({ part }: { part: Inline }) {
  if (part.type === 'words') return part.text
  return (
    <a href={part.href} target="_blank" rel="noopener noreferrer nofollow">
      {part.text}
    </a>
  )
}

function CopyCode({ text }: { text: string }) {
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : 'Copy code'}>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label="Copy code"
            onClick={() => {
              copy()
              announce('Copied.')
            }}
          >
            {copied ? <IconCheck size="1rem" aria-hidden /> : <IconCopy size="1rem" aria-hidden />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  )
}
