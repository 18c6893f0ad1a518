// Runs before the first paint, so that a dark page never flashes white and a page of signing in never shows the navigation. A file, because
// the page's policy allows no inline script. The key and the values are those of `colorSchemeManager` in src/theme.ts, the paths those of
// `isWayIn` in src/session/sign-in-link.ts.
;(() => {
  let chosen = null
  try {
    chosen = localStorage.getItem('plinth-color-scheme')
  } catch {
    // Storage can be switched off: then the system decides.
  }
  const dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  const root = document.documentElement
  root.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light')
  const alone = /^\/(sign-in|register|forgot-password|reset-password|verify-email|choose-names)\/?$/
  root.toggleAttribute('data-alone', alone.test(location.pathname))
})()
