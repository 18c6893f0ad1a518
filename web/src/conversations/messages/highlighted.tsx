/** Code in colours, as React elements: the highlighter makes a tree, never markup. */
import { common, createLowlight } from 'lowlight'
import { Children, type ReactNode } from 'react'

const lowlight = createLowlight(common)

type Node = ReturnType<typeof lowlight.highlight>['children'][number]

export function Highlighted({ language, text }: { language: string; text: string }): ReactNode {
  const name = language.toLowerCase()
  return lowlight.registered(name) ? drawAll(lowlight.highlight(name, text).children) : text
}

const drawAll = (nodes: Node[]) => Children.toArray(nodes.map(draw))

function draw(node: Node): ReactNode {
  if (node.type === 'text') return node.value
  if (node.type !== 'element') return null
  const [token] = [node.properties.className].flat()
  return <span data-token={String(token).replace('hljs-', '')}>{drawAll(node.children)}</span>
}
