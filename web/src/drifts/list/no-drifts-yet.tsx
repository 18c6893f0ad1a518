/** In the place of an empty list: what drifts are for here, and how the first one is reported. */
import { Anchor } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { hasCapability } from '../../../../shared/capabilities.ts'
import { CopyText } from '../../page/copy-text.tsx'
import { useSession } from '../../session/session.ts'
import classes from './no-drifts-yet.module.css'

const example = {
  externalId: 'aws/security_group/web-frontend',
  resource: { type: 'security_group', id: 'web-frontend', provider: 'aws', region: 'eu-central-1' },
  severity: 'high',
  expected: { ingress: ['443/tcp'] },
  actual: { ingress: ['443/tcp', '22/tcp'] },
}

const request = `curl ${location.origin}/api/v1/drifts \\
  -H "Authorization: Bearer $PLINTH_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '${JSON.stringify(example)}'`
const command = `npm run -s plinth -- detect expected.json actual.json --url ${location.origin}`

export function NoDriftsYet() {
  const session = useSession()
  const me = session.state === 'signed-in' ? session.person : null
  return (
    <div className={classes.empty}>
      <p>
        No drift has been reported. A drift is a resource that is not in its expected state: detectors report it, and
        engineers approve or reject it here.
      </p>
      <h3>Report the first one</h3>
      <ol>
        <li>
          {me && hasCapability(me.role, 'person:manage') && (
            <>
              <Anchor renderRoot={(props) => <Link to="/admin/api-keys" search={{ make: 'detector' }} {...props} />}>
                Make a key for a detector
              </Anchor>
              .
            </>
          )}
          {me && !hasCapability(me.role, 'person:manage') && hasCapability(me.role, 'drift:report') && (
            <>
              <Anchor renderRoot={(props) => <Link to="/account/api-keys" {...props} />}>Make an API key</Anchor> that
              may report drifts.
            </>
          )}
          {(!me || !hasCapability(me.role, 'drift:report')) &&
            'Ask an engineer or an administrator for an API key that may report drifts.'}
        </li>
        <li>
          Send what a detector found:
          <Code text={request} label="Copy request" />
        </li>
        <li>
          Or compare two files, the expected and the actual state, with the key in <code>PLINTH_TOKEN</code>:
          <Code text={command} label="Copy command" />
        </li>
      </ol>
      <p>
        <Anchor href="/api/docs">API reference</Anchor>
      </p>
    </div>
  )
}

function Code({ text, label }: { text: string; label: string }) {
  return (
    <div className={classes.code}>
      <pre>
        <code>{text}</code>
      </pre>
      <CopyText text={text} label={label} size="compact-sm" />
    </div>
  )
}
