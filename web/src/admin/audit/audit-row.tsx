/** One record: who, what, on what, when; opened, all that is known of it. */
import { IconChevronDown } from '@tabler/icons-react'
import { useState } from 'react'
import type { AuditRecord } from '../../../../shared/audit-log.ts'
import rows from '../../page/row.module.css'
import { ShortTime } from '../../page/time-ago.tsx'
import { useProducts } from '../../products/use-products.ts'
import { AuditDetails } from './audit-details.tsx'
import classes from './audit-row.module.css'
import { actionWordsOf, recordWords } from './audit-words.ts'
import { TargetName } from './target-name.tsx'

export function AuditRow({ record }: { record: AuditRecord }) {
  const [isOpen, setOpen] = useState(false)
  const { at, actor, actorId, apiKeyId, action } = record
  const words = recordWords(record, actionWordsOf(useProducts()))
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary className={classes.summary}>
        <IconChevronDown className={classes.chevron} size="1.25rem" stroke={1.5} aria-hidden />
        <span className={rows.words}>
          <span className={rows.strong}>
            <span>
              {actor?.displayName ?? (actorId ? 'A deleted account' : 'An anonymous caller')}
              {apiKeyId && ', by an API key,'}
              {words ? ` ${words}` : ': '}
              {!words && <code>{action}</code>}
            </span>
          </span>
          <span className={classes.quiet}>
            <TargetName record={record} /> · <ShortTime at={at} />
          </span>
        </span>
      </summary>
      {isOpen && <AuditDetails record={record} />}
    </details>
  )
}
