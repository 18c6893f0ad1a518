/** The words of a message as they were written, with its addresses as links and its blocks of code. */
import { CodeBlock } from './code-block.tsx'
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
  return <CodeBlock language={block.language} text={block.text} />
}

function InlineOf({ part }: { part: Inline }) {
  if (part.type === 'words') return part.text
  return (
    <a href={part.href} target="_blank" rel="noopener noreferrer nofollow">
      {part.text}
    </a>
  )
}
