/** JSON as no serialiser writes it: numbers that no double holds, names twice, brackets without end. */

/** Stands in a value where its text is to stand in the JSON. */
export class JsonText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** As JSON.stringify, but for `JsonText`, which may be anything. */
export function toJson(value: unknown): string {
  if (value instanceof JsonText) return value.text
  if (Array.isArray(value)) return `[${value.map(toJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const fields = Object.entries(value).filter(([, one]) => one !== undefined)
  return `{${fields.map(([name, one]) => `${JSON.stringify(name)}:${toJson(one)}`).join(',')}}`
}
