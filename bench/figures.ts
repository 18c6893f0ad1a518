/** What figures are reported as. */

export const median = (values: number[]): number => percentile(values, 50)

/** The smallest value that `percent` of all values do not exceed. */
export function percentile(values: number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN
}

export const rounded = (value: number, digits = 0): number => Number(value.toFixed(digits))

export const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
