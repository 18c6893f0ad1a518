import { NativeSelect } from '@mantine/core'
import { IconChevronDown } from '@tabler/icons-react'
import type { DriftStatus, Severity } from '../../../shared/drifts.ts'
import classes from '../admin/filters.module.css'
import { SearchField } from '../admin/search-field.tsx'
import { type DriftsSearch, longestProvider, severityNames, statusNames } from './drift-words.ts'

interface Props {
  filters: DriftsSearch
  disabled: boolean
  /** That are known already. */
  providers: string[]
  onChange: (change: DriftsSearch) => void
}

export function DriftFilters({ filters, disabled, providers, onChange }: Props) {
  return (
    <fieldset className={classes.filters} disabled={disabled} aria-label="Filters">
      <NativeSelect
        className={classes.choice}
        label="Status"
        rightSection={<IconChevronDown size="1rem" aria-hidden />}
        data={[{ value: '', label: 'Any status' }, ...choices(statusNames)]}
        value={filters.status ?? ''}
        onChange={({ currentTarget }) => onChange({ status: (currentTarget.value || undefined) as DriftStatus })}
      />
      <NativeSelect
        className={classes.choice}
        label="Severity"
        rightSection={<IconChevronDown size="1rem" aria-hidden />}
        data={[{ value: '', label: 'Any severity' }, ...choices(severityNames)]}
        value={filters.severity ?? ''}
        onChange={({ currentTarget }) => onChange({ severity: (currentTarget.value || undefined) as Severity })}
      />
      <SearchField
        label="Provider"
        placeholder="Any provider, such as aws"
        maxLength={longestProvider}
        suggestions={providers}
        value={filters.provider ?? ''}
        onChange={(provider) => onChange({ provider: provider || undefined })}
      />
    </fieldset>
  )
}

const choices = (names: Record<string, string>) => Object.entries(names).map(([value, label]) => ({ value, label }))
