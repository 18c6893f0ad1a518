/**
 * How the app looks, in one place: one accent, warm greys, an 8-px rhythm. Shades are chosen so that every pair of text
 * and ground that components make of them has a contrast of at least 4.5 to 1 in both schemes.
 */
import { type CSSVariablesResolver, createTheme, localStorageColorSchemeManager, rem } from '@mantine/core'

const systemFonts = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif'

export const theme = createTheme({
  fontFamily: systemFonts,
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  black: '#211f1d',
  colors: {
    verdigris: [
      '#eefaf6',
      '#d7f0e8',
      '#b0e0d2',
      '#83ccb8',
      '#57b69e',
      '#329d85',
      '#17806b',
      '#0f6b5b',
      '#0b5649',
      '#083f36',
    ],
    gray: [
      '#faf9f7',
      '#f3f1ee',
      '#e9e6e1',
      '#dcd8d1',
      '#c4bfb6',
      '#8b857c',
      '#66615a',
      '#57534d',
      '#3b3835',
      '#262422',
    ],
    dark: [
      '#e6e3de',
      '#cfcbc4',
      '#aca79f',
      '#8a857d',
      '#45423d',
      '#36332f',
      '#272522',
      '#1b1a18',
      '#151412',
      '#0f0e0d',
    ],
    red: ['#fef3f2', '#fee4e2', '#fecdca', '#fda29b', '#f97066', '#ec4a3f', '#d13a2f', '#b42318', '#912018', '#7a271a'],
    yellow: [
      '#fffaeb',
      '#fef0c7',
      '#fedf89',
      '#fec84b',
      '#fdb022',
      '#f79009',
      '#dc6803',
      '#b54708',
      '#93370d',
      '#7a2e0e',
    ],
  },
  primaryColor: 'verdigris',
  primaryShade: { light: 7, dark: 6 },
  spacing: { xs: rem(8), sm: rem(12), md: rem(16), lg: rem(24), xl: rem(32) },
  headings: {
    fontFamily: systemFonts,
    fontWeight: '650',
    textWrap: 'pretty',
    sizes: {
      h1: { fontSize: rem(28), lineHeight: rem(36) },
      h2: { fontSize: rem(20), lineHeight: rem(28) },
      h3: { fontSize: rem(16), lineHeight: rem(24) },
    },
  },
  cursorType: 'pointer',
  respectReducedMotion: true,
  // The ring of src/global.css, which everything that takes focus shares.
  focusClassName: 'focus-ring',
  components: {
    // Told apart from the text around by more than colour.
    Anchor: { defaultProps: { underline: 'always' } },
    // Sentence case, as everywhere.
    Badge: { styles: { root: { textTransform: 'none', fontWeight: 600 } } },
    Menu: { defaultProps: { transitionProps: { duration: 120 } } },
    Tooltip: { defaultProps: { openDelay: 300, events: { hover: true, focus: true, touch: false } } },
  },
})

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': 'var(--mantine-color-gray-0)',
    '--mantine-color-dimmed': 'var(--mantine-color-gray-6)',
    '--mantine-color-placeholder': 'var(--mantine-color-gray-6)',
    '--mantine-color-error': 'var(--mantine-color-red-7)',
    '--mantine-color-default-border': 'var(--mantine-color-gray-3)',
    '--mantine-color-disabled-color': 'var(--mantine-color-gray-6)',
    '--surface': 'var(--mantine-color-white)',
    '--control-border': 'var(--mantine-color-gray-5)',
    '--focus': 'var(--mantine-color-verdigris-7)',
    '--warning-ground': 'var(--mantine-color-yellow-1)',
    '--warning-text': 'var(--mantine-color-yellow-9)',
  },
  dark: {
    '--mantine-color-body': 'var(--mantine-color-dark-7)',
    '--mantine-color-dimmed': 'var(--mantine-color-dark-2)',
    '--mantine-color-placeholder': 'var(--mantine-color-dark-2)',
    '--mantine-color-error': 'var(--mantine-color-red-4)',
    '--mantine-color-default-border': 'var(--mantine-color-dark-4)',
    '--mantine-color-disabled-color': 'var(--mantine-color-dark-2)',
    '--mantine-color-verdigris-light': '#0d3d33',
    '--mantine-color-verdigris-light-hover': '#114b3f',
    '--mantine-color-gray-light': '#3a3733',
    '--mantine-color-gray-light-hover': '#45423d',
    '--surface': '#22201e',
    '--control-border': 'var(--mantine-color-dark-3)',
    '--focus': 'var(--mantine-color-verdigris-4)',
    '--warning-ground': '#4a3410',
    '--warning-text': 'var(--mantine-color-yellow-1)',
  },
})

export const colorSchemeManager = localStorageColorSchemeManager({ key: 'plinth-color-scheme' })
