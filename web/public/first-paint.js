// Runs before the first paint, so that a dark page never flashes white. A file, because the page's policy allows no
// inline script. The key and the values are those of `colorSchemeManager` in src/theme.ts.
;(() => {
  let chosen = null
  try {
    chosen = localStorage.getItem('plinth-color-scheme')
  } catch {
    // Storage can be switched off: then the system decides.
  }
  const dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light')
})()
