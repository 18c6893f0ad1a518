/**
 * What a user may be called. Others choose whom to add and whom to trust by it, so it is seen as a whole, and does not pass for another one
 * (Unicode Technical Standard 39, sections 3 and 5.2).
 */
import { singleLine } from './text.ts'

/** Not seen, or seen as a blank: joiners, tags, fillers, and the empty braille cell. */
const hidden = /[\p{Default_Ignorable_Code_Point}\p{Cf}\u2800]/u
/** Joiners that a script or a picture is written with: between its letters, and in an emoji. */
const joiners =
  /(?<=[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}])[\u200C\u200D](?=\p{L})/gu
const emojiParts =
  /(?<=\p{Extended_Pictographic}[\uFE0F\u{1F3FB}-\u{1F3FF}]?)(?:\u200D(?=\p{Extended_Pictographic})|\uFE0F)/gu
/** Letters of these look like letters of Latin. */
const lookAlikes = ['Cyrillic', 'Greek', 'Armenian', 'Cherokee', 'Coptic'].map(
  (script) => new RegExp(`\\p{Script=${script}}`, 'u'),
)
const latin = /\p{Script=Latin}/u
const seen = /[\p{L}\p{N}\p{S}\p{P}]/u

/** In one word, letters of two scripts that look alike are there to pass for one. */
const mixesScripts = (word: string) =>
  lookAlikes.filter((script) => script.test(word)).length + Number(latin.test(word)) > 1

export const maxDisplayName = 80

function faultOf(name: string): string | null {
  if (hidden.test(name.replace(joiners, '').replace(emojiParts, '')))
    return 'Must not hold characters that are not seen'
  if (!seen.test(name)) return 'Must have a letter, a digit or a sign that is seen'
  if (name.split(/[\s\p{P}]+/u).some(mixesScripts)) return 'Must not mix letters of different scripts in one word'
  return null
}

/** One line, trimmed, 1 to 80 Unicode code points. */
export const DisplayName = singleLine(maxDisplayName).check(({ value, issues }) => {
  // One fault at a time is reported.
  const message = issues.length === 0 ? faultOf(value) : null
  if (message !== null) issues.push({ code: 'custom', message, input: value })
})
