import { Anchor } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { AuditRecord } from '../../../../shared/audit-log.ts'
import { RequestId } from '../../failure/request-id.tsx'
import classes from './audit-row.module.css'
import { valueWords } from './audit-words.ts'

export function AuditDetails({ record }: { record: AuditRecord }) {
  const { actorId, apiKeyId, action, target, before, after, ip, requestId } = record
  return (
    <div className={classes.details}>
      <dl className={classes.facts}>
        <div>
          <dt>Action</dt>
          <dd>
            <code>{action}</code>
          </dd>
        </div>
        <div>
          <dt>On</dt>
          <dd>
            <code>{target}</code>{' '}
            <Anchor
              fz="sm"
              underline="always"
              renderRoot={(props) => <Link to="/admin/audit" search={{ target }} {...props} />}
            >
              All on this
            </Anchor>
          </dd>
        </div>
        <div>
          <dt>By</dt>
          <dd>
            {actorId ? (
              <>
                <code>{actorId}</code>{' '}
                <Anchor
                  fz="sm"
                  underline="always"
                  renderRoot={(props) => <Link to="/admin/audit" search={{ actorId }} {...props} />}
                >
                  All actions of this user
                </Anchor>
              </>
            ) : (
              'Not signed in'
            )}
          </dd>
        </div>
        {apiKeyId && (
          <div>
            <dt>By API key</dt>
            <dd>
              <code>{apiKeyId}</code>{' '}
              <Anchor
                fz="sm"
                underline="always"
                renderRoot={(props) => <Link to="/admin/audit" search={{ apiKeyId }} {...props} />}
              >
                All actions with this key
              </Anchor>
            </dd>
          </div>
        )}
        <div>
          <dt>From</dt>
          <dd>{ip ?? 'Address unknown'}</dd>
        </div>
        <div>
          <dt>Request id</dt>
          <dd>
            <RequestId value={requestId} />
          </dd>
        </div>
      </dl>
      <Changes before={before} after={after} />
    </div>
  )
}

/** Without a before, the record keeps what was asked for. */
function Changes({ before, after }: Pick<AuditRecord, 'before' | 'after'>) {
  const columns = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])]
  if (columns.length === 0) return null
  return (
    <table className={classes.changes}>
      <thead>
        <tr>
          <th scope="col">Column</th>
          {before && <th scope="col">Before</th>}
          <th scope="col">{before ? 'After' : 'Value'}</th>
        </tr>
      </thead>
      <tbody>
        {columns.map((column) => (
          <tr key={column}>
            <th scope="row">{column}</th>
            {before && <Value value={before[column]} />}
            <Value value={after?.[column]} />
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Value({ value }: { value: unknown }) {
  const words = valueWords(value)
  return <td className={words === 'nothing' ? classes.none : undefined}>{words}</td>
}
