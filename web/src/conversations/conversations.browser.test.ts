import type { Page } from 'playwright-core'
import { beforeEach, describe, expect, it } from 'vitest'
import { answering, delta, done, failing, playAssistant, saying } from '../../../server/test/played-assistant.ts'
import { until } from '../../../server/test/until.ts'
import { expectAccessible } from '../../test/axe.ts'
import { expectToFit, expectToLookRight, inTheDark, onPhone } from '../../test/shots.ts'
import { startStage } from '../../test/stage.ts'

const assistant = await playAssistant()
const stage = await startStage({
  mock: true,
  environment: { ASSISTANT_URL: assistant.url, ASSISTANT_MODEL: 'played' },
})

const openAs = (person: 'admin' | 'engineer' | 'viewer', path = '/conversations', options = {}) =>
  stage.open(`/auth/google?demo=${person}&returnTo=${encodeURIComponent(path)}`, options)

const field = (page: Page) => page.getByRole('textbox', { name: 'Message' })
const messages = (page: Page) => page.getByRole('list', { name: 'Messages' }).getByRole('listitem')
const message = (page: Page, text: string) => messages(page).filter({ hasText: text })
const list = (page: Page) => page.getByRole('navigation', { name: 'Conversations' })
const said = (page: Page, text: string) => page.getByRole('status').getByText(text).waitFor({ state: 'attached' })
const stop = (page: Page) => page.getByRole('button', { name: 'Stop answering' })

/** Confirmed: with a time, and no word of being on its way. */
const confirmed = (page: Page, text: string) => message(page, text).locator('time').waitFor({ state: 'attached' })

async function send(page: Page, text: string) {
  await field(page).fill(text)
  await field(page).press('Enter')
}

/** Its path. */
async function begin(page: Page, text: string): Promise<string> {
  if (new URL(page.url()).pathname !== '/conversations/new') await page.goto('/conversations/new')
  await field(page).fill(text)
  await page.getByRole('button', { name: 'Send' }).click()
  await page.waitForURL(/\/conversations\/[0-9a-f-]{36}$/)
  return new URL(page.url()).pathname
}

/** The engineer's page where a conversation begins. */
const openNew = (options = {}) => openAs('engineer', '/conversations/new', options)

/** Begun, and without an end until the test gives it one. */
function underWay() {
  assistant.play = saying()
  const asked = assistant.questions.length
  const question = () => until('the assistant to be asked', () => assistant.questions[asked])
  return {
    question,
    say: async (words: string) => (await question()).response.write(delta(words)),
    end: async () => (await question()).response.end(done),
    cut: async () => (await question()).response.destroy(),
  }
}

beforeEach(() => {
  assistant.play = answering('So it is.')
})

describe('conversations', () => {
  it('begin with a first message, are answered, named, renamed and deleted, on both devices of a person', async () => {
    const page = await openAs('engineer')
    await page.getByText('No conversations yet').waitFor()
    await expectAccessible(page)
    await page.getByRole('link', { name: 'New conversation' }).click()
    await page.getByText('The assistant answers it here').waitFor()
    await expect.poll(() => field(page).evaluate((it) => it === document.activeElement)).toBe(true)
    await page.keyboard.type('Which rooms hold eighty people?')
    await page.keyboard.press('Shift+Enter')
    await page.keyboard.type('<b>And</b> see https://example.org/rooms.')
    const answer = underWay()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Which rooms hold eighty people?' }).waitFor()
    await expect.poll(() => field(page).evaluate((it) => it === document.activeElement)).toBe(true)
    await message(page, 'Thinking').waitFor()

    const other = await openAs('engineer', new URL(page.url()).pathname)
    await answer.say('The **hall** and ')
    for (const screen of [page, other]) await message(screen, 'The hall and').getByText('Answering').waitFor()
    await answer.say('the gym:\n```sh\nls rooms\n```')
    await answer.end()
    for (const screen of [page, other]) {
      await confirmed(screen, 'The hall and the gym:')
      await said(screen, 'The assistant has answered.')
      expect(await message(screen, 'Which rooms').locator('p').first().innerText()).toBe(
        'Which rooms hold eighty people?\n<b>And</b> see https://example.org/rooms.',
      )
      expect(await message(screen, 'ls rooms').locator('pre').innerText()).toBe('ls rooms')
      expect(await messages(screen).count()).toBe(2)
    }
    const link = message(page, 'Which rooms').getByRole('link')
    expect(await link.getAttribute('href')).toBe('https://example.org/rooms')
    expect(await link.getAttribute('rel')).toContain('noopener')
    expect((await answer.question()).body.messages.map(({ role }) => role)).toEqual(['user'])
    await expectAccessible(page)

    await page.getByRole('button', { name: 'Conversation actions' }).click()
    await page.getByRole('menuitem', { name: 'Rename conversation' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Rooms for the assembly')
    await page.getByRole('button', { name: 'Save name' }).click()
    for (const screen of [page, other]) {
      await screen.getByRole('heading', { level: 1, name: 'Rooms for the assembly' }).waitFor()
      await list(screen)
        .getByRole('link', { name: /Rooms for the assembly.*2 messages/ })
        .waitFor()
    }
    await page.getByRole('button', { name: 'Conversation actions' }).click()
    await page.getByRole('menuitem', { name: 'Delete conversation' }).click()
    const question = page.getByRole('dialog', { name: 'Delete conversation “Rooms for the assembly”?' })
    stage.expectFault(/status of 404/)
    await question.getByRole('button', { name: 'Delete conversation' }).click()
    await page.waitForURL(/\/conversations$/)
    await other.getByText('This conversation was deleted.').waitFor()
    expect(await messages(other).count()).toBe(2)
    for (const screen of [page, other]) await list(screen).getByText('No conversations yet').waitFor()
    await other.reload()
    await other.getByRole('heading', { name: 'This conversation is not here' }).waitFor()
  })

  it('grow by an answer that is followed to its end, left alone by who reads back, and goes on after a reload', async () => {
    const page = await openNew({ viewport: { width: 1000, height: 500 } })
    const answer = underWay()
    await begin(page, 'Count to a hundred')
    await answer.say(Array.from({ length: 40 }, (_, line) => `line ${line}\n`).join(''))
    await message(page, 'line 39').waitFor()
    const toEnd = () => page.evaluate(() => document.documentElement.scrollHeight - innerHeight - scrollY)
    await expect.poll(toEnd).toBeLessThan(2)
    await page.mouse.move(400, 200)
    await page.mouse.wheel(0, -120)
    await expect.poll(toEnd).toBeGreaterThan(100)
    const top = await page.evaluate(() => scrollY)
    await answer.say('line 40\nline 41\n')
    await message(page, 'line 41').waitFor()
    const below = page.getByRole('button', { name: 'New text below' })
    await below.waitFor()
    expect(await page.evaluate(() => scrollY)).toBe(top)
    // By hand: before a click of its own Playwright scrolls to where a sticky thing would be without sticking.
    const { x, y, width, height } = (await below.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 }
    await page.mouse.click(x + width / 2, y + height / 2)
    await expect.poll(toEnd).toBeLessThan(2)

    await page.reload()
    await message(page, 'line 41').waitFor()
    await answer.say('line 42\n')
    await message(page, 'line 42').waitFor()
    await answer.end()
    await confirmed(page, 'line 42')
    expect(await messages(page).last().locator('p').innerText()).toBe(
      Array.from({ length: 43 }, (_, line) => `line ${line}`).join('\n'),
    )
  })

  it('draw Markdown as it streams, without a jump or a bare mark, and copy its source', async () => {
    const page = await openNew({ permissions: ['clipboard-read', 'clipboard-write'] })
    const answer = underWay()
    await begin(page, 'How do I rotate the key?')
    const source = [
      '## Steps\n\n1. Open the **set',
      'tings**\n2. See [the docs](https://docs.example.org/',
      'keys)\n\n| Key | Age |\n| --- | ---: |\n| `deploy` | 90 |\n\n```ts\nconst age: number = 90',
      ' // days\n```\n\n![plan](https://files.example.org/plan.png) <b>x</b>',
    ]
    const [first = '', ...others] = source
    await answer.say(first)
    const said = page.locator('[data-role="assistant"]').last()
    const heading = await said.getByRole('heading', { level: 3, name: 'Steps' }).elementHandle()
    const top = () =>
      heading?.evaluate((it) => it.getBoundingClientRect().top - (it.closest('li')?.getBoundingClientRect().top ?? 0))
    const before = await top()
    await said.getByText('Open the set').waitFor()
    const texts: string[] = []
    for (const [place, shown] of ['See the docs', 'const age: number = 90', '// days'].entries()) {
      await answer.say(others[place] ?? '')
      await said.getByText(shown).waitFor()
      texts.push((await said.innerText()).replaceAll('(docs.example.org)', ''))
    }
    expect(texts.slice(0, 2).join('')).not.toMatch(/\*\*|##|\]\(|\|/)
    expect(await top()).toBe(before)
    await answer.end()
    await confirmed(page, 'rotate')
    await said.locator('time').waitFor({ state: 'attached' })
    expect(await said.getByRole('link', { name: 'the docs (docs.example.org)' }).getAttribute('href')).toBe(
      'https://docs.example.org/keys',
    )
    expect(await said.getByRole('cell').allInnerTexts()).toEqual(['deploy', '90'])
    expect(await said.locator('img, b').count()).toBe(0)
    await said.locator('[data-token="keyword"]', { hasText: 'const' }).waitFor()
    const copied = () => page.evaluate(() => navigator.clipboard.readText())
    await said.getByRole('button', { name: 'Copy code' }).click()
    await expect.poll(copied).toBe('const age: number = 90 // days')
    await said.getByRole('button', { name: 'Copy answer' }).click()
    await expect.poll(copied).toBe(source.join(''))
    await page.reload()
    await said.locator('[data-token="keyword"]').first().waitFor()
    await expectToLookRight(page, 'answer in Markdown')
    await page.emulateMedia({ colorScheme: 'dark' })
    await expectToLookRight(page, 'answer in Markdown in the dark')
    await page.setViewportSize({ width: 390, height: 844 })
    await expectToLookRight(page, 'answer in Markdown in the dark on a phone')
  })

  it('stay within a narrow page and quick, whatever an answer is made of', async () => {
    const deep = Array.from({ length: 40 }, (_, depth) => `${'  '.repeat(depth)}- level ${depth}`).join('\n')
    const wide = `|${' column |'.repeat(60)}\n|${' --- |'.repeat(60)}\n${`|${' value |'.repeat(60)}\n`.repeat(20)}`
    const nested = `${'> '.repeat(20)}quoted\n\n${'['.repeat(2000)}x${'](https://a.example)'.repeat(200)}`
    assistant.play = answering(`${deep}\n\n${wide}\n${'w'.repeat(3000)}\n\n\`${'c'.repeat(3000)}\``)
    const page = await openNew({ viewport: { width: 320, height: 640 } })
    await begin(page, 'Be difficult')
    await confirmed(page, 'level 39')
    await expectToLookRight(page, 'difficult answer on a narrow page')
    assistant.play = answering(nested)
    await send(page, 'More of it')
    await confirmed(page, 'quoted')
    await expectToLookRight(page, 'nested answer on a narrow page')
  })

  it('stop an answer by button or key, and keep what it said', async () => {
    const page = await openNew()
    const first = underWay()
    await begin(page, 'Tell me everything')
    await first.say('To begin with')
    await message(page, 'To begin with').waitFor()
    await stop(page).click()
    await message(page, 'To begin with').getByText('You stopped this answer.').waitFor()
    await confirmed(page, 'To begin with')
    await until('the assistant to hear of it', async () => (await first.question()).isGone)

    const second = underWay()
    await send(page, 'Go on')
    await message(page, 'Thinking').waitFor()
    await second.question()
    await field(page).fill('kept')
    await field(page).press('Enter')
    await field(page).press('Escape')
    await message(page, 'Thinking').waitFor({ state: 'detached' })
    expect(await field(page).inputValue()).toBe('kept')
    // Nothing was said, so nothing was kept; it can be asked for once more.
    expect(await messages(page).filter({ hasText: 'Assistant' }).count()).toBe(1)
    assistant.play = answering('All of it.')
    await page.getByRole('button', { name: 'Ask the assistant to answer' }).click()
    await confirmed(page, 'All of it.')
  })

  it('show what was said before an answer broke off, why, and ask again', async () => {
    const page = await openNew()
    const cut = underWay()
    await begin(page, 'Something long')
    await cut.say('It all began')
    await message(page, 'It all began').waitFor()
    await cut.cut()
    await message(page, 'It all began').getByText('The answer broke off before it was whole.').waitFor()
    await said(page, 'The answer broke off')
    await expectToLookRight(page, 'conversation that broke off')
    await page.reload()
    await message(page, 'It all began').getByText('The answer broke off').waitFor()
    assistant.play = failing(429)
    await page.getByRole('button', { name: 'Try again' }).click()
    await messages(page).getByText('The assistant has too much to do.').waitFor()
    assistant.play = answering('At last.')
    await page.getByRole('button', { name: 'Try again' }).click()
    await confirmed(page, 'At last.')
    expect(await messages(page).count()).toBe(2)
  })

  it('are written offline, in order, and answered once they arrive, whichever page is open', async () => {
    const page = await openNew()
    const path = await begin(page, 'Before the tunnel')
    await confirmed(page, 'So it is.')
    const other = await openAs('engineer', path)
    await confirmed(other, 'So it is.')
    stage.expectFault(/ERR_INTERNET_DISCONNECTED|WebSocket|Failed to load/)
    const asked = assistant.questions.length
    // A page that was never opened cannot be without a network.
    await page.getByRole('link', { name: 'Drafts', exact: true }).first().click()
    await page.getByRole('heading', { level: 1, name: 'Drafts' }).waitFor()
    await page.getByRole('link', { name: 'Conversations', exact: true }).first().click()
    await list(page)
      .getByRole('link', { name: /Before the tunnel/ })
      .click()
    await confirmed(page, 'So it is.')
    await page.context().setOffline(true)
    await page.getByRole('complementary', { name: 'Status' }).getByText('You are offline.').waitFor()
    for (const text of ['First', 'Second']) await send(page, text)
    await message(page, 'Second').getByText('Waiting to be sent').waitFor()
    await expectToLookRight(page, 'conversation offline')
    await field(page).fill('Half a tho')
    await page.getByRole('link', { name: 'New conversation' }).click()
    await send(page, 'Begun in the tunnel')
    await page.getByRole('heading', { level: 1, name: 'Begun in the tunnel' }).waitFor()
    await list(page)
      .getByRole('link', { name: /Begun in the tunnel.*Waiting to be sent/ })
      .waitFor()
    await page.getByRole('link', { name: 'Drafts', exact: true }).first().click()
    await page.context().setOffline(false)
    await confirmed(other, 'Second')
    const texts = async () => (await messages(other).locator('p').allInnerTexts()).map((text) => text.trim())
    await expect.poll(texts).toEqual(['Before the tunnel', 'So it is.', 'First', 'Second', 'So it is.'])
    await page.getByRole('link', { name: 'Conversations', exact: true }).first().click()
    await list(page)
      .getByRole('link', { name: /Begun in the tunnel.*2 messages/ })
      .waitFor()
    // One question for the two that waited together, one for the new conversation.
    expect(assistant.questions.length).toBe(asked + 2)
    await page.goto(path)
    await expect.poll(() => field(page).inputValue()).toBe('Half a tho')
  })

  it('keep what was refused with the reason, to try again or to discard', async () => {
    const page = await openNew()
    const path = await begin(page, 'Refusals')
    await confirmed(page, 'So it is.')
    stage.expectFault(/status of 422/)
    await page.route(/messages\.append/, (route) => {
      const data = { code: 'CONVERSATION_FULL', httpStatus: 422, requestId: 'r-1' }
      const error = { code: -32000, message: 'This conversation has reached its limit.', data }
      return route.fulfill({ status: 422, json: { error } })
    })
    for (const text of ['Too much', 'Far too much']) await send(page, text)
    for (const text of ['Too much', 'Far too much'])
      await messages(page)
        .filter({ has: page.getByText(text, { exact: true }) })
        .getByText('has reached its limit')
        .waitFor()
    await expectToLookRight(page, 'conversation with refused messages')
    await page.unroute(/messages\.append/)
    await page.reload()
    await message(page, 'Far too much').getByRole('button', { name: 'Discard' }).click()
    await message(page, 'Far too much').waitFor({ state: 'detached' })
    await message(page, 'Too much').getByRole('button', { name: 'Try again' }).click()
    await confirmed(page, 'Too much')
    const other = await openAs('engineer', path)
    await confirmed(other, 'Too much')
    expect(await message(other, 'Far too much').count()).toBe(0)
  })

  it('show the end of a long one, and go back in it without a jump', async () => {
    const page = await openNew()
    const path = await begin(page, 'A long one')
    await confirmed(page, 'So it is.')
    await page.goto('about:blank')
    const conversation = `from conversations where id = '${path.split('/').at(-1)}'`
    await stage.changeDatabase(`
      insert into messages (id, user_id, conversation_id, role, content, position, created_at)
        select gen_random_uuid(), user_id, id, 'user',
          'Message number ' || place || '.' || repeat(E'\\nwith another line', (place - 1) % 4), message_count + place, now()
        from (select * ${conversation}), generate_series(1, 160) as place;
      update conversations set message_count = message_count + 160 where id in (select id ${conversation})`)
    await page.goto(path)
    await message(page, 'Message number 160.').waitFor()
    const inSight = (text: string) =>
      message(page, text)
        .first()
        .evaluate((it) => {
          const { top, bottom } = it.getBoundingClientRect()
          return bottom > 0 && top < innerHeight
        })
    await expect.poll(() => inSight('Message number 160.')).toBe(true)
    const first = () => messages(page).first().innerText()
    const before = await messages(page).count()
    await page.mouse.move(700, 300)
    // What is read moves exactly as far as the wheel, while what is before it comes.
    const mark = message(page, 'Message number 118.')
    await mark.evaluate((it) => it.scrollIntoView({ block: 'center' }))
    const top = async () => (await mark.boundingBox())?.y ?? 0
    const held = await top()
    await expect.poll(() => messages(page).count()).toBeGreaterThan(before)
    expect(Math.abs((await top()) - held)).toBeLessThan(3)
    for (let turn = 0; turn < 60 && !(await first()).includes('A long one'); turn++) {
      await page.mouse.wheel(0, -2000)
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)))
    }
    await expect.poll(first).toContain('A long one')
    expect(await messages(page).count()).toBe(162)
    await page.getByText('This is the start of the conversation.').waitFor()
    await field(page).fill('y'.repeat(19_900))
    await page.getByText('100 characters left').waitFor()
    await field(page).fill('y'.repeat(20_001))
    await page.getByText('1 characters too many').waitFor()
    expect(await page.getByRole('button', { name: 'Send' }).isDisabled()).toBe(true)
  })

  it('are read only for a viewer and for a user whose session has expired, and hidden from any other user', async () => {
    const viewer = await openAs('viewer')
    await viewer.getByText('Your role can read them, but not start one.').waitFor()
    await expectToLookRight(viewer, 'conversations of a viewer')
    const page = await openNew()
    const path = await begin(page, 'Private')
    await confirmed(page, 'So it is.')
    stage.expectFault(/status of 404/)
    await viewer.goto(path)
    await viewer.getByRole('heading', { name: 'This conversation is not here' }).waitFor()
    await expectAccessible(viewer)
    await stage.expireSessions(page)
    await page.getByText('You can read what was loaded. Sign in again to write.').waitFor()
    await confirmed(page, 'So it is.')
    expect(await field(page).count()).toBe(0)
    await expectToLookRight(page, 'conversation after its session')
  })

  it('are kept without a word of an assistant where there is none', async () => {
    const page = await stage.open()
    // As a server without one would say, among whatever else it is asked in the same request.
    await page.route(/conversations\.assistant/, async (route) => {
      const answer = await route.fetch()
      const place = new URL(route.request().url()).pathname
        .split('/')
        .at(-1)
        ?.split(',')
        .indexOf('conversations.assistant')
      const body = await answer.json()
      body[place ?? 0].result.data = { available: false }
      await route.fulfill({ response: answer, json: body })
    })
    const asked = assistant.questions.length
    await page.goto('/auth/google?demo=admin&returnTo=%2Fconversations%2Fnew')
    await page.getByText('Everything you write is kept here for you').waitFor()
    await expectToLookRight(page, 'new conversation without an assistant')
    await begin(page, 'A note to myself')
    await confirmed(page, 'A note to myself')
    await send(page, 'And another')
    await confirmed(page, 'And another')
    expect(await page.getByText(/assistant/i).count()).toBe(0)
    expect(assistant.questions.length).toBe(asked)
    await page.unrouteAll({ behavior: 'ignoreErrors' })
  })

  // Touch is more than a look here: it decides what the key Enter does.
  it.for([
    ['where there is little room', inTheDark, expectToFit],
    ['a phone from the first page on', onPhone, expectToLookRight],
  ] as const)('fit %s', async ([name, options, expectLook]) => {
    assistant.play = answering(
      'Three of them do:\n\n```python\nfor room in rooms_of_the_house_with_a_long_name(minimum=80, floor=None):\n    print(room)\n```\n\nSee https://example.org/a/rather/long/address/that/does/not/fit/on/one/line/of/a/phone for more.',
    )
    const page = await openNew(options)
    await page.getByText('The assistant answers it here').waitFor()
    await expectLook(page, `new conversation ${name}`)
    await page.reload()
    await begin(
      page,
      `Which rooms hold eighty people, and which of them are free on the last Friday of the month? ${'w'.repeat(80)}`,
    )
    await confirmed(page, 'Three of them do')
    await expectLook(page, `conversation ${name}`)
    await page.goto('/conversations')
    await list(page)
      .getByRole('link', { name: /Which rooms hold eighty people/ })
      .first()
      .waitFor()
    await expectLook(page, `conversations ${name}`)
  })
})
