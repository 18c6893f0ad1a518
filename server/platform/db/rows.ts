/** Rows of a raw `execute`: the drivers differ in where they put them. Values are as the driver gives them. */
export function rowsOf<Row>(result: unknown): Row[] {
  return (Array.isArray(result) ? result : (result as { rows: unknown[] }).rows) as Row[]
}
