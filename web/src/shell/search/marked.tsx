/** A text with the words that a search begins in bold. */
import { markWords } from '../../../../shared/search-words.ts'
import classes from './command-search.module.css'

export function Marked({ text, search }: { text: string; search: string }) {
  return markWords(text, search).map((part, at) =>
    part.isFound ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text, in order.
      <mark key={at} className={classes.mark}>
        {part.text}
      </mark>
    ) : (
      part.text
    ),
  )
}
