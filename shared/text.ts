/** Text that people type. Anything stored comes back byte for byte, so what cannot be stored or shown is refused here. */
import { z } from 'zod'

// C0 and C1 controls (NUL cannot be stored in Postgres; CR, LF and ESC forge log lines) and line separators.
const controls = /[\p{Cc}\u2028\u2029]/u
// Embedding, override and isolate marks can make a name read as another one (CVE-2021-42574).
const bidiControls = /[\u202A-\u202E\u2066-\u2069]/u

/** One line, trimmed, 1 to `maxLength` Unicode code points. */
export function singleLine(maxLength: number) {
  return z
    .string()
    .trim()
    .min(1, 'Must not be empty')
    .max(maxLength, `Must be at most ${maxLength} characters`)
    .refine((text) => text.isWellFormed() && !controls.test(text), 'Must be one line of ordinary characters')
    .refine((text) => !bidiControls.test(text), 'Must not change the direction of the text around it')
}

const lineControls = /[\p{Cc}]/u

/** Several lines, kept as they are, 1 to `maxLength` UTF-16 units, not only blanks. Tabs and line feeds are its only controls. */
export function text(maxLength: number) {
  return z
    .string()
    .max(maxLength, `Must be at most ${maxLength} characters`)
    .refine((value) => value.trim() !== '', 'Must not be empty')
    .refine(
      (value) => value.isWellFormed() && !lineControls.test(value.replace(/[\t\n\r]/g, '')),
      'Must be ordinary text',
    )
}
