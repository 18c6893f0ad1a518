/** A block of code with its language, a button to copy it and, once the highlighter is loaded, its colours. */
import { ActionIcon, Box, CopyButton, Tooltip, VisuallyHidden } from '@mantine/core'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { type ReactNode, useMemo } from 'react'
import { useFetched } from '../../shell/search/use-fetched.ts'
import classes from './code-block.module.css'

const loadHighlighted = async () => (await import('./highlighted.tsx')).Highlighted

/** Colours change no size, so nothing moves when they arrive. Past this length a new piece of an answer would take too long to draw. */
const highlightedLength = 20_000

export function CodeBlock({ language, text }: { language: string; text: string }) {
  const isHighlighted = language !== '' && text.length <= highlightedLength
  return (
    <figure className={classes.code} aria-label={language === '' ? 'Code' : `Code, ${language}`}>
      <figcaption>
        <span>{language}</span>
        <CopySource text={text} label="Copy code" />
      </figcaption>
      {/* It takes the focus, so that a line wider than the page is scrolled by keyboard too. */}
      <Box component="pre" tabIndex={0} dir="ltr">
        <code>{isHighlighted ? <Colours language={language} text={text} /> : text}</code>
      </Box>
    </figure>
  )
}

function Colours({ language, text }: { language: string; text: string }): ReactNode {
  const Highlighted = useFetched(loadHighlighted)
  return useMemo(
    () => (Highlighted ? <Highlighted language={language} text={text} /> : text),
    [Highlighted, language, text],
  )
}

export function CopySource({ text, label, className }: { text: string; label: string; className?: string }) {
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <>
          <Tooltip label={copied ? 'Copied' : label}>
            <ActionIcon variant="subtle" color="gray" className={className} aria-label={label} onClick={copy}>
              {copied ? <IconCheck size="1rem" aria-hidden /> : <IconCopy size="1rem" aria-hidden />}
            </ActionIcon>
          </Tooltip>
          <VisuallyHidden role="status">{copied && 'Copied.'}</VisuallyHidden>
        </>
      )}
    </CopyButton>
  )
}
