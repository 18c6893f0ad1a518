/** The page at /api/docs: three texts, for it is small and needs no build. Nothing in it is inline, as our CSP asks. */
import { brandMark, colourRules } from '../../../shared/colours.ts'
import { docsPageScript } from './docs-page-script.ts'

export const docsHtml = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Plinth API</title>
<link rel="stylesheet" href="/api/docs/page.css">
<script type="module" src="/api/docs/page.js"></script>
</head>
<body>
<header>
<h1>${brandMark} Plinth API <small id="version"></small></h1>
<p><a href="/api/openapi.json">OpenAPI document</a></p>
</header>
<main>
<p id="about"></p>
<form id="settings">
<label>Access token or API key <input id="token" type="password" autocomplete="off" spellcheck="false" placeholder="None: this browser's own sign-in is used"></label>
<label>Find <input id="find" type="search" autocomplete="off" placeholder="draft, /auth, POST"></label>
</form>
<p id="state" role="status">Loading…</p>
<div id="operations"></div>
</main>
<noscript><p>This page needs JavaScript. The OpenAPI document above does not.</p></noscript>
</body>
</html>
`

/** The function as it is here: its types are gone by then, and it names nothing that is outside of it. */
export const docsScript = () => `(${docsPageScript})()\n`

export const docsStyle = `${colourRules}
* { box-sizing: border-box }
html { background: var(--ground) }
body { margin: 0 auto; max-width: 62rem; padding: 1rem; color: var(--text); font: 1rem/1.5 system-ui, sans-serif }
header { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0 1rem }
h1 { display: flex; align-items: center; gap: .6rem; margin: 0; font-size: 1.6rem }
h1 small, .soft { color: var(--soft); font-weight: normal }
h2 { margin: 2rem 0 .5rem; font-size: 1.1rem; text-transform: capitalize }
h3 { margin: 1rem 0 .25rem; font-size: .95rem }
a { color: var(--accent) }
#about { white-space: pre-line; color: var(--soft) }
form { display: grid; gap: .75rem }
#settings { grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); padding: 1rem; background: var(--raised); border-radius: .5rem }
label { display: grid; gap: .2rem; font-size: .9rem }
input, textarea, button { font: inherit; color: inherit; padding: .45rem .6rem; border: 1px solid var(--soft); border-radius: .5rem; background: var(--ground) }
textarea, pre, code { font-family: ui-monospace, monospace; font-size: .875rem }
textarea { min-height: 7rem; resize: vertical }
button { justify-self: start; cursor: pointer; padding-inline: 1.2rem; background: var(--accent); border-color: var(--accent); color: var(--onAccent) }
button:disabled { opacity: .6; cursor: progress }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
details.operation { margin: .4rem 0; border: 1px solid var(--line); border-radius: .5rem }
details.operation > summary { display: flex; flex-wrap: wrap; gap: .2rem .8rem; align-items: baseline; padding: .6rem .8rem; cursor: pointer }
details.operation > div { padding: 0 .8rem .8rem }
.method { min-width: 4rem; font-weight: 700; color: var(--accent) }
pre { margin: 0; padding: .7rem; overflow: auto; max-height: 30rem; background: var(--raised); border-radius: .35rem; white-space: pre-wrap; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100%; font-size: .9rem }
td { padding: .35rem .6rem .35rem 0; border-top: 1px solid var(--line); vertical-align: top; white-space: pre-line; overflow-wrap: anywhere }
.good { color: var(--accent) }
.bad { color: var(--bad) }
[hidden] { display: none !important }
`
