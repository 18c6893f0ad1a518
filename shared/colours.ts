/** The app's colours for what is drawn without its theme: pages of the server and mails. The theme's test compares the two. */
export const colours = {
  light: {
    ground: '#faf9f7',
    raised: '#fff',
    line: '#dcd8d1',
    text: '#211f1d',
    soft: '#66615a',
    accent: '#0f6b5b',
    onAccent: '#fff',
    bad: '#b42318',
  },
  dark: {
    ground: '#1b1a18',
    raised: '#22201e',
    line: '#45423d',
    text: '#e6e3de',
    soft: '#aca79f',
    accent: '#57b69e',
    onAccent: '#0f0e0d',
    bad: '#f97066',
  },
} as const

/** As custom properties, such as `--ground`, that follow the reader's scheme. */
export const colourRules = `:root { color-scheme: light dark; ${Object.keys(colours.light)
  .map((name) => {
    const key = name as keyof typeof colours.light
    return `--${name}: light-dark(${colours.light[key]}, ${colours.dark[key]});`
  })
  .join(' ')} }`

/** The mark of icon.svg, to be put into a page. */
export const brandMark =
  '<svg viewBox="0 0 32 32" width="32" height="32" aria-hidden="true"><rect width="32" height="32" rx="8" fill="#0f6b5b"/><path fill="#fff" d="M12 6h8v3h-8zM13 10.5h6v8h-6zM10 20h12v3H10zM7 24.5h18V28H7z"/></svg>'
