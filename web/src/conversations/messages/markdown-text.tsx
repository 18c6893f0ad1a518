/**
 * An answer drawn from its Markdown (GitHub's), also while it grows. The author may be hostile: HTML is shown as text, an image as a link
 * to it, and a link shows the host it leads to. Nesting and length are bounded; past them the source is shown.
 */

import { Box } from '@mantine/core'
import { astToJSX, type MarkdownToJSX, parser, RuleType } from 'markdown-to-jsx/react'
import { createElement, memo, type ReactNode, useMemo } from 'react'
import { CodeBlock } from './code-block.tsx'
import classes from './markdown-text.module.css'
import { linkOf } from './message-parts.ts'

type Node = MarkdownToJSX.ASTNode

/** The time to parse grows with the square of the nesting, so the depth is checked on the source. */
const tooDeep = /^(?:[ \t]*(?:[>*+-]|\d{1,9}[.)])){24}|^[ \t]{96}|(?:\[[^[\]\n]*){24}/m
const longest = 100_000
/** Each has a button, so they cost the most to draw. */
const mostCodeBlocks = 100

interface Props {
  text: string
  /** More is to come, so what has no end yet is not shown as the characters that begin it. */
  isGrowing?: boolean
}

export function MarkdownText({ text, isGrowing = false }: Props) {
  const blocks = useMemo(() => blocksOf(text, isGrowing), [text, isGrowing])
  return (
    <div className={classes.markdown}>
      {blocks ? blocks.map(({ place, ...block }) => <Block key={place} {...block} />) : <p>{text}</p>}
    </div>
  )
}

function blocksOf(text: string, isGrowing: boolean) {
  if (text.length > longest || tooDeep.test(text)) return null
  const nodes = parser(text, { ...parsing, optimizeForStreaming: isGrowing })
  // The parser puts footnotes first.
  const [first] = nodes
  const ordered = first?.type === RuleType.refCollection ? [...nodes.slice(1), first] : nodes
  const blocks = ordered.map((node, place) => ({ place, node, source: JSON.stringify(node) }))
  const codeBlocks = blocks.reduce((sum, { source }) => sum + source.split(codeBlockSource).length - 1, 0)
  return codeBlocks > mostCodeBlocks ? null : blocks
}

const codeBlockSource = `{"type":${RuleType.codeBlock},`

/** A piece of an answer changes its last block, and only that one is drawn again. */
const Block = memo(
  ({ node }: { node: Node; source: string }) =>
    node.type === RuleType.refCollection ? <Notes refs={node.refs} /> : astToJSX([node], drawing),
  (before, after) => before.source === after.source,
)

const parsing = { disableParsingRawHTML: true, disableFrontmatter: true } as const

const drawing: MarkdownToJSX.Options = {
  ...parsing,
  wrapper: null,
  createElement(tag, props, ...children) {
    const given = typeof tag === 'string' && ownDirection.has(tag) ? { ...props, dir: 'auto' } : props
    return createElement(tag, given, ...children)
  },
  renderRule: (next, node, draw, state) => drawNode(next, node, draw, state),
}

const inline = { ...drawing, forceInline: true }

const ownDirection = new Set(['p', 'li', 'blockquote', 'ul', 'ol', 'th', 'td'])

function drawNode(
  next: () => ReactNode,
  node: Node,
  draw: MarkdownToJSX.ASTRender,
  state: MarkdownToJSX.State,
): ReactNode {
  const { key } = state
  switch (node.type) {
    case RuleType.heading: {
      // The page's own title is the only one of the first level. An id would be the author's choice, so there is none.
      const Heading = `h${Math.min(node.level + 1, 6)}` as 'h2'
      return (
        <Heading key={key} dir="auto">
          {draw(node.children, state)}
        </Heading>
      )
    }
    case RuleType.codeBlock:
      return <CodeBlock key={key} language={node.lang ?? ''} text={node.text} />
    case RuleType.link:
      return <SafeLink key={key} target={node.target} words={draw(node.children, state)} text={textOf(node.children)} />
    case RuleType.image:
      return <SafeLink key={key} target={node.target} words={node.alt || 'Image'} text={node.alt ?? ''} />
    case RuleType.table:
      return (
        // It takes the focus, so that one wider than the page is scrolled by keyboard too.
        <Box key={key} className={classes.table} role="region" aria-label="Table" tabIndex={0}>
          {next()}
        </Box>
      )
    case RuleType.gfmTask:
      return (
        <span key={key} role="img" aria-label={node.completed ? 'Done' : 'Not done'} className={classes.task}>
          {node.completed ? '\u2611' : '\u2610'}
        </span>
      )
    case RuleType.footnoteReference:
      return <sup key={key}>{node.text}</sup>
    case RuleType.htmlBlock:
    case RuleType.htmlSelfClosing:
    case RuleType.htmlComment:
      return null
    default:
      return next()
  }
}

/** Its words, and the host they lead to unless they are the address. What leads to no page is words alone. */
function SafeLink({ target, words, text }: { target: string | null; words: ReactNode; text: string }) {
  const link = target === null ? null : linkOf(target)
  if (link === null) return words
  const isAddress = text === target || `http://${text}` === target
  return (
    <a href={link.href} title={link.href} target="_blank" rel="noopener noreferrer nofollow">
      {isAddress ? link.text : <bdi>{words}</bdi>}
      {!isAddress && <span className={classes.host}> ({link.host})</span>}
    </a>
  )
}

function textOf(nodes: Node[]): string {
  return nodes
    .map((node) => ('text' in node && node.text) || ('children' in node && textOf(node.children ?? [])) || '')
    .join('')
}

function Notes({ refs }: { refs: MarkdownToJSX.ReferenceCollectionNode['refs'] }) {
  const notes = Object.entries(refs).filter(([label]) => label.startsWith('^'))
  return notes.map(([label, { target }]) => (
    <div key={label} className={classes.note} dir="auto">
      <sup>{label.slice(1)}</sup> {astToJSX(parser(target, { ...parsing, forceInline: true }), inline)}
    </div>
  ))
}
