/**
 * What the page at /api/docs runs in the browser. It is sent as the text of this function, so nothing outside of it can be
 * named in it. The token is kept in its field alone: neither storage, nor an address, nor the shown command hold it.
 */
import type { OpenApiDocument, Operation, Parameter } from './openapi.ts'

export async function docsPageScript(): Promise<void> {
  const byId = <Kind extends HTMLElement>(id: string) => document.getElementById(id) as Kind
  const [state, list, token] = [byId('state'), byId('operations'), byId<HTMLInputElement>('token')]
  byId('settings').addEventListener('submit', (event) => event.preventDefault())

  const answer = await fetch('/api/openapi.json').catch(() => null)
  if (!answer?.ok) {
    state.textContent = 'The OpenAPI document could not be loaded. Reload this page to try again.'
    return
  }
  const api = (await answer.json()) as OpenApiDocument
  byId('version').textContent = api.info.version
  byId('about').append(...withCode(api.info.description))

  const views: { text: string; view: HTMLElement; section: HTMLElement }[] = []
  for (const { name } of api.tags) {
    const section = make(
      'section',
      {},
      make(
        'h2',
        {},
        name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
      ),
    )
    for (const [path, methods] of Object.entries(api.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        if (!operation.tags.includes(name)) continue
        const view = operationView(method.toUpperCase(), path, operation)
        section.append(view)
        views.push({ text: `${method} ${path} ${operation.summary}`.toLowerCase(), view, section })
      }
    }
    list.append(section)
  }
  const find = byId<HTMLInputElement>('find')
  find.addEventListener('input', show)
  show()

  function show(): void {
    const words = find.value.toLowerCase().split(/\s+/)
    for (const { section } of views) section.hidden = true
    let shown = 0
    for (const { text, view, section } of views) {
      view.hidden = !words.every((word) => text.includes(word))
      if (view.hidden) continue
      section.hidden = false
      shown++
    }
    state.textContent = shown === 1 ? '1 operation' : `${shown} operations`
  }

  function make<Tag extends keyof HTMLElementTagNameMap>(
    tag: Tag,
    properties: Partial<HTMLElementTagNameMap[Tag]>,
    ...children: (Node | string)[]
  ): HTMLElementTagNameMap[Tag] {
    const made = Object.assign(document.createElement(tag), properties)
    made.append(...children)
    return made
  }

  function operationView(method: string, path: string, operation: Operation): HTMLElement {
    const inner = make('div', {})
    const view = make(
      'details',
      { className: 'operation', id: operation.operationId },
      make(
        'summary',
        {},
        make('span', { className: 'method' }, method),
        make('code', {}, path),
        make(
          'span',
          { className: 'soft' },
          ...withCode([operation.summary, operation.description ?? []].flat().join('. ')),
        ),
      ),
      inner,
    )
    const fill = () => inner.append(tryForm(method, path, operation), ...answersView(operation))
    view.addEventListener('toggle', fill, { once: true })
    return view
  }

  function answersView({ responses, security }: Operation): HTMLElement[] {
    const rows = Object.entries(responses).map(([status, { description }]) =>
      make('tr', {}, make('td', {}, status), make('td', {}, ...withCode(description))),
    )
    return [
      make('h3', {}, security.length === 0 ? 'Responses, without sign-in' : 'Responses, to signed-in users'),
      make('table', {}, make('tbody', {}, ...rows)),
    ]
  }

  function tryForm(method: string, path: string, { parameters, requestBody }: Operation): HTMLElement {
    const fields = parameters.map((parameter) => ({ parameter, input: parameterInput(parameter) }))
    const example = requestBody?.content['application/json'].example
    const body = requestBody && make('textarea', { spellcheck: false, value: JSON.stringify(example, null, 2) })
    const button = make('button', { type: 'submit' }, 'Send')
    const command = make('pre', {})
    const result = make('div', { ariaLive: 'polite' })
    const labels = fields.map(({ parameter, input }) => {
      const { name, in: place, description = '' } = parameter
      return make('label', {}, make('span', {}, `${name} `, soft(`in ${place}. `, ...withCode(description))), input)
    })
    const isExtra = (place: number) => parameters[place]?.in === 'header' && !parameters[place].required
    const extras = labels.filter((_, place) => isExtra(place))
    const form = make(
      'form',
      {},
      ...labels.filter((_, place) => !isExtra(place)),
      ...(extras.length > 0 ? [make('details', {}, make('summary', {}, 'Headers'), ...extras)] : []),
      ...(body ? [make('label', {}, make('span', {}, 'Body ', soft('JSON')), body)] : []),
      button,
      make('details', {}, make('summary', {}, 'As a command'), command),
      result,
    )
    const request = () => requestOf(method, path, fields, body?.value)
    const showCommand = () => {
      command.textContent = commandOf(request())
    }
    form.addEventListener('input', showCommand)
    token.addEventListener('input', showCommand)
    showCommand()
    form.addEventListener('submit', async (event) => {
      event.preventDefault()
      button.disabled = true
      result.replaceChildren(...(await send(request())))
      button.disabled = false
    })
    return form
  }

  function soft(...words: (Node | string)[]): HTMLElement {
    return make('span', { className: 'soft' }, ...words)
  }

  /** What stands between backticks is code. */
  function withCode(text: string): (Node | string)[] {
    return text.split('`').map((part, place) => (place % 2 === 0 ? part : make('code', {}, part)))
  }

  function parameterInput({ required, schema }: Parameter): HTMLInputElement {
    return make('input', { required, placeholder: schema.default === undefined ? '' : String(schema.default) })
  }

  function requestOf(
    method: string,
    path: string,
    fields: { parameter: Parameter; input: HTMLInputElement }[],
    body: string | undefined,
  ) {
    const headers: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
    const query = new URLSearchParams()
    let url = path
    for (const { parameter, input } of fields) {
      const { name, in: place } = parameter
      if (place === 'path') url = url.replace(`{${name}}`, input.value ? encodeURIComponent(input.value) : `{${name}}`)
      else if (input.value && place === 'query') query.append(name, input.value)
      else if (input.value) headers[name.toLowerCase()] = input.value
    }
    return { method, url: query.size > 0 ? `${url}?${query}` : url, headers, body }
  }

  function commandOf({ method, url, headers, body }: ReturnType<typeof requestOf>): string {
    const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
    return [
      `curl -X ${method} ${quote(location.origin + url)}`,
      ...(token.value ? ['-H "authorization: Bearer $PLINTH_TOKEN"'] : []),
      ...Object.entries(headers).map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`),
      ...(body === undefined ? [] : [`-d ${quote(body)}`]),
    ].join(' \\\n  ')
  }

  async function send({ method, url, headers, body }: ReturnType<typeof requestOf>): Promise<HTMLElement[]> {
    const began = performance.now()
    const bearer = token.value.trim()
    try {
      const response = await fetch(url, {
        method,
        headers: { ...headers, ...(bearer && { authorization: `Bearer ${bearer}` }) },
        // Two credentials of two people are refused.
        credentials: bearer ? 'omit' : 'same-origin',
        ...(body !== undefined && { body }),
      })
      const text = await response.text()
      const took = Math.round(performance.now() - began)
      const told = ['ratelimit-remaining', 'retry-after', 'x-request-id', 'allow', 'deprecation', 'sunset']
        .filter((name) => response.headers.has(name))
        .map((name) => `${name}: ${response.headers.get(name)}`)
      return [
        make(
          'h3',
          { className: response.ok ? 'good' : 'bad' },
          `${response.status} ${response.statusText}, ${took} ms`,
        ),
        make('pre', {}, [...told, '', indented(text)].join('\n').trim()),
      ]
    } catch (error) {
      return [make('h3', { className: 'bad' }, `Not sent: ${error instanceof Error ? error.message : error}`)]
    }
  }

  function indented(text: string): string {
    try {
      return JSON.stringify(JSON.parse(text), null, 2)
    } catch {
      return text
    }
  }
}
