/**
 * What the page shows before its script has run: the header, the navigation with links that work, and a skeleton of a page. Made from the
 * shell's own styles, colours, names and icons, so that nothing moves when the app takes its place.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { convertCssVariables, DEFAULT_THEME, defaultCssVariablesResolver, mergeMantineTheme } from '@mantine/core'
import { createElement as h } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { products } from './src/products/products.ts'
import { entriesOf } from './src/shell/navigation-entries.ts'
import { cssVariables, theme } from './src/theme.ts'

const read = (path: string) => readFileSync(join(import.meta.dirname, 'src', path), 'utf8')

export function firstPaint(): { styles: string; markup: string } {
  const shared = ['shell/shell', 'shell/header', 'shell/navigation', 'page/page'].map((name) =>
    read(`${name}.module.css`),
  )
  const rules = `#first-paint{${shared.join('\n')}}${read('first-paint.css')}`.replaceAll(/\/\*[\s\S]*?\*\//g, '')
  return {
    styles: (variablesOf(rules) + rules).replaceAll(/\s*\n\s*/g, ' '),
    markup: renderToStaticMarkup(
      h('div', { id: 'first-paint' }, h('div', { className: 'shell' }, header, navigation, main)),
    ),
  }
}

const header = h(
  'header',
  { className: 'header' },
  h(
    'a',
    { href: '/', className: 'brand' },
    h('img', { src: '/icon.svg', alt: '', width: 32, height: 32, fetchPriority: 'low' }),
    h('span', null, 'Plinth'),
  ),
  h('div', { className: 'search' }),
)

const navigation = h(
  'nav',
  { className: 'navigation', 'aria-label': 'Products' },
  entriesOf(products).map(({ label, labelInBar = label, path, icon }) =>
    h(
      'a',
      { key: path, href: path, className: 'item' },
      h(icon, { size: '1.25rem', stroke: 1.5, 'aria-hidden': true }),
      h('span', { 'data-in': 'rail' }, label),
      h('span', { 'data-in': 'bar' }, labelInBar),
    ),
  ),
)

const main = h(
  'main',
  { className: 'main', 'aria-hidden': true },
  h('div', { className: 'page' }, h('div', { className: 'title' }), h('div', { className: 'rows' })),
)

/** The variables that the rules name, and those that their values name, as the app sets them. */
function variablesOf(rules: string): string {
  const merged = mergeMantineTheme(DEFAULT_THEME, theme)
  const [all, own] = [defaultCssVariablesResolver(merged), cssVariables(merged)]
  const groups = (['variables', 'light', 'dark'] as const).map(
    (group): Record<string, string> => ({ ...all[group], ...own[group] }),
  )
  const needed = new Set<string>()
  const need = (text: string) => {
    for (const [name] of text.matchAll(/--[\w-]+/g)) {
      if (needed.has(name)) continue
      needed.add(name)
      for (const group of groups) need(group[name] ?? '')
    }
  }
  need(rules)
  const [variables = {}, light = {}, dark = {}] = groups.map((group) =>
    Object.fromEntries(Object.entries(group).filter(([name]) => needed.has(name))),
  )
  return convertCssVariables({ variables, light, dark }, ':root')
}
