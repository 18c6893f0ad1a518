import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DEFAULT_THEME, defaultCssVariablesResolver, mergeMantineTheme } from '@mantine/core'
import { expect, it } from 'vitest'
import { brandMark, colours } from '../../shared/colours.ts'
import { cssVariables, theme } from './theme.ts'

const merged = mergeMantineTheme(DEFAULT_THEME, theme)
const [all, own] = [defaultCssVariablesResolver(merged), cssVariables(merged)]

function resolved(name: string, scheme: 'light' | 'dark'): string {
  const value = { ...all.variables, ...own.variables, ...all[scheme], ...own[scheme] }[name] ?? expect.unreachable(name)
  const [, next] = /^var\((--[\w-]+)\)$/.exec(value) ?? []
  return next ? resolved(next, scheme) : value
}

it.for(['light', 'dark'] as const)('gives pages of the server and mails the colours of the app: %s', (scheme) => {
  const { ground, raised, line, text, soft, accent, bad } = colours[scheme]
  expect({ ground, raised, line, text, soft, accent, bad }).toEqual({
    ground: resolved('--mantine-color-body', scheme),
    raised: resolved('--surface', scheme),
    line: resolved('--mantine-color-default-border', scheme),
    text: resolved('--mantine-color-text', scheme),
    soft: resolved('--mantine-color-dimmed', scheme),
    accent: resolved('--focus', scheme),
    bad: resolved('--mantine-color-error', scheme),
  })
})

it.for(['light', 'dark'] as const)('has a contrast of at least 4.5 to 1 for text of those colours: %s', (scheme) => {
  const { ground, raised, text, soft, accent, onAccent, bad } = colours[scheme]
  for (const front of [text, soft, accent, bad])
    for (const back of [ground, raised]) expect(contrast(front, back), `${front} on ${back}`).toBeGreaterThan(4.5)
  expect(contrast(onAccent, accent)).toBeGreaterThan(4.5)
})

it('has the mark of the icon', () => {
  const icon = readFileSync(join(import.meta.dirname, '../public/icon.svg'), 'utf8')
  for (const [part] of icon.matchAll(/d="[^"]+"|fill="#0f6b5b"/g)) expect(brandMark).toContain(part)
})

/** WCAG 2, "contrast ratio". */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(colour: string): number {
  const hex = colour.length === 4 ? colour.replace(/\w/g, '$&$&') : colour
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
