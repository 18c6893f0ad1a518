/** What narrows and orders the list of one tab. */
import { NativeSelect } from '@mantine/core'
import { IconChevronDown, IconSearch } from '@tabler/icons-react'
import { driftLimits, type ListedStatus, type Severity } from '../../../../shared/drifts.ts'
import classes from '../../page/filters.module.css'
import { SearchField } from '../../page/search-field.tsx'
import { type DriftsSearch, severityNames, tabOf } from '../drift-words.ts'

interface Props {
  filters: DriftsSearch
  disabled: boolean
  /** Of which there are drifts. */
  providers: readonly string[]
  onChange: (change: DriftsSearch) => void
}

export function DriftFilters({ filters, disabled, providers, onChange }: Props) {
  const { provider, search = '', severity, sort, status } = filters
  const listed = provider && !providers.includes(provider) ? [provider, ...providers] : providers
  return (
    <fieldset className={classes.filters} disabled={disabled} aria-label="Filters">
      <SearchField
        label="Resource"
        placeholder="Name, type or region"
        maxLength={driftLimits.searchLength}
        icon={<IconSearch size="1rem" aria-hidden />}
        value={search}
        onChange={(text) => onChange({ search: text || undefined })}
      />
      {tabOf(filters) === 'decided' && (
        <Choice
          label="Decision"
          any="Any decision"
          names={{ approved: 'Approved', rejected: 'Rejected' }}
          value={status === 'decided' ? undefined : status}
          onChange={(value) => onChange({ status: (value ?? 'decided') as ListedStatus })}
        />
      )}
      <Choice
        label="Severity"
        any="Any severity"
        names={severityNames}
        value={severity}
        onChange={(value) => onChange({ severity: value as Severity })}
      />
      <Choice
        label="Provider"
        any="Any provider"
        names={Object.fromEntries(listed.map((name) => [name, name]))}
        value={provider}
        onChange={(value) => onChange({ provider: value })}
      />
      <Choice
        label="Order"
        any="Last detected first"
        names={{ severity: 'Most severe first' }}
        value={sort}
        onChange={(value) => onChange({ sort: value as 'severity' })}
      />
    </fieldset>
  )
}

interface ChoiceProps {
  label: string
  /** What stands for no value. */
  any: string
  names: Record<string, string>
  value: string | undefined
  onChange: (value: string | undefined) => void
}

function Choice({ label, any, names, value, onChange }: ChoiceProps) {
  return (
    <NativeSelect
      className={classes.choice}
      label={label}
      rightSection={<IconChevronDown size="1rem" aria-hidden />}
      data={[
        { value: '', label: any },
        ...Object.entries(names).map(([name, words]) => ({ value: name, label: words })),
      ]}
      value={value ?? ''}
      onChange={({ currentTarget }) => onChange(currentTarget.value || undefined)}
    />
  )
}
