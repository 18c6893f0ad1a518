/** Where the states of a drift differ, for visitors who are not signed in: they get no value of either. */
import { Anchor } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { Drift, JsonType } from '../../../../shared/drifts.ts'
import { Section } from '../../page/section.tsx'
import { useReturnHere } from '../../session/sign-in-link.ts'
import { countWords } from '../drift-words.ts'
import { DiffHead, KindMark, NotThere, PathName, summaryWords } from './change-marks.tsx'
import classes from './state-diff-view.module.css'

const typeWords: Record<JsonType, string> = {
  object: 'Object',
  array: 'List',
  string: 'Text',
  number: 'Number',
  boolean: 'True or false',
  null: 'Null',
}

export function DifferenceList({ differences, moreDifferences }: Pick<Drift, 'differences' | 'moreDifferences'>) {
  const returnHere = useReturnHere()
  const changes = differences.map(({ change, path }) => ({ kind: change, path }))
  return (
    <Section
      title="Expected and actual"
      about={
        <>
          {moreDifferences > 0 ? 'Of those listed: ' : ''}
          {summaryWords(changes)} Values are shown to signed-in people only:{' '}
          <Anchor
            inherit
            underline="always"
            renderRoot={(props) => <Link to="/sign-in" search={returnHere} {...props} />}
          >
            sign in to see more
          </Anchor>
          .
        </>
      }
    >
      <table className={classes.diff} aria-label="What differs">
        <DiffHead />
        <tbody>
          {differences.map(({ change, path, expected, actual }, place) => (
            // Names that are hidden look the same.
            // biome-ignore lint/suspicious/noArrayIndexKey: The list is shown whole, and never reordered.
            <tr key={place} data-kind={change}>
              <th scope="row">
                <KindMark kind={change} />
                <PathName path={path} />
              </th>
              <td data-side="Expected">{expected ? typeWords[expected] : <NotThere />}</td>
              <td data-side="Actual">{actual ? typeWords[actual] : <NotThere />}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {moreDifferences > 0 && <p>And {countWords(moreDifferences)} more.</p>}
    </Section>
  )
}
