import { generateNKeysBetween } from 'fractional-indexing'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expectAccessible } from '../../test/axe.ts'
import { expectToFit, expectToLookRight, inTheDark, onPhone } from '../../test/shots.ts'
import { startStage } from '../../test/stage.ts'
import { callTasks, deleteAllTasks, listTasks, makeTasks } from '../../test/task-acts.ts'

const stage = await startStage()

const field = (page: Page) => page.getByRole('textbox', { name: 'Add a task' })
const list = (page: Page) => page.getByRole('list', { name: /^(Open|Done|All) tasks$/ })
const row = (page: Page, title: string) => list(page).getByRole('listitem').filter({ hasText: title })
const link = (page: Page, title: string) => row(page, title).getByRole('link')
const titles = (page: Page) => list(page).locator('[data-task-link] > span:first-child').allTextContents()
const waits = (page: Page) => page.getByRole('img', { name: 'Not yet saved on the server' })
const dialog = (page: Page) => page.getByRole('dialog', { name: 'Task' })
const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent ?? '')

/** The engineer's list on one or more of their devices; it holds these tasks and no others. */
async function open(count: number, ...tasks: string[]): Promise<Page[]> {
  const first = await stage.openSignedIn('engineer')
  await deleteAllTasks(first)
  await makeTasks(first, tasks)
  await first.goto('/tasks')
  const pages = [first]
  while (pages.length < count) pages.push(await stage.openAs('engineer', '/tasks'))
  for (const page of pages) await expect.poll(() => titles(page)).toEqual(tasks)
  return pages
}

describe('tasks', () => {
  it('explain themselves, and are added one after the other from one field', async () => {
    const page = await stage.openAs('admin')
    await page.getByRole('link', { name: 'Tasks', exact: true }).first().click()
    await page.getByText('Tasks are your own to-do list').waitFor()
    await expectToLookRight(page, 'tasks none')
    await page.getByRole('button', { name: 'Add your first task' }).click()
    await page.keyboard.type('Second')
    await page.keyboard.press('Enter')
    await page.keyboard.type('First')
    await page.keyboard.press('Enter')
    await expect.poll(() => titles(page)).toEqual(['First', 'Second'])
    await page.keyboard.type('x'.repeat(201))
    await page.keyboard.press('Enter')
    await page.getByText('Must be at most 200 characters').waitFor()
    await field(page).fill('')
    await field(page).evaluate((it) => {
      const clipboardData = new DataTransfer()
      clipboardData.setData('text', 'One\n\n  Two \r\nThree\n')
      it.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
    })
    await page.getByRole('dialog', { name: 'Add 3 tasks?' }).getByRole('button', { name: 'Add 3 tasks' }).click()
    const all = ['One', 'Two', 'Three', 'First', 'Second']
    await expect.poll(() => titles(page)).toEqual(all)
    await expect.poll(() => waits(page).count()).toBe(0)
    await page.reload()
    await expect.poll(() => titles(page)).toEqual(all)
    await page.getByRole('link', { name: 'Home', exact: true }).first().click()
    const next = page.getByRole('list', { name: 'Next tasks' }).getByRole('listitem')
    await expect.poll(() => next.allTextContents()).toEqual(all)
    await expectToLookRight(page, 'tasks on the home page')
  })

  it('are the same on two devices at once', async () => {
    const [desk, phone] = (await open(2, 'a', 'b', 'c')) as [Page, Page]
    await field(desk).fill('new')
    await desk.keyboard.press('Enter')
    await expect.poll(() => titles(phone)).toEqual(['new', 'a', 'b', 'c'])
    await link(phone, 'c').focus()
    await phone.keyboard.press('Alt+Shift+ArrowUp')
    await expect.poll(() => titles(desk)).toEqual(['c', 'new', 'a', 'b'])
    const top = { targetPosition: { x: 200, y: 4 } }
    await row(desk, 'b').locator('[draggable="true"]').dragTo(row(desk, 'new'), top)
    await expect.poll(() => titles(phone)).toEqual(['c', 'b', 'new', 'a'])
    await row(phone, 'a').getByRole('checkbox').click()
    await expect.poll(() => titles(desk)).toEqual(['c', 'b', 'new'])
    await desk.getByRole('status').getByText('“a” was done elsewhere.').waitFor({ state: 'attached' })
    await desk.getByRole('link', { name: 'Done', exact: true }).click()
    await expect.poll(() => titles(desk)).toEqual(['a'])
    expect(new URL(desk.url()).search).toBe('?show=done')
    await desk.getByRole('link', { name: 'All', exact: true }).click()
    await expect.poll(() => titles(desk)).toEqual(['c', 'b', 'new', 'a'])
    await expectToLookRight(desk, 'tasks all')
  })

  it('are worked through by keyboard alone', async () => {
    const [page] = (await open(1, 'a', 'b', 'c', 'd')) as [Page]
    await page.keyboard.press('n')
    await page.keyboard.type('new')
    await page.keyboard.press('Enter')
    await page.keyboard.press('ArrowDown')
    await expect.poll(() => focused(page)).toBe('new')
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await expect.poll(() => titles(page)).toEqual(['new', 'b', 'c', 'd'])
    await expect.poll(() => focused(page)).toBe('b')
    await page.keyboard.press('Alt+ArrowDown')
    await expect.poll(() => titles(page)).toEqual(['new', 'c', 'b', 'd'])
    await page.keyboard.press('Alt+ArrowUp')
    await page.keyboard.press('Alt+ArrowUp')
    await expect.poll(() => titles(page)).toEqual(['b', 'new', 'c', 'd'])
    expect(await focused(page)).toBe('b')
    await page.keyboard.press('Alt+Shift+ArrowDown')
    await expect.poll(() => titles(page)).toEqual(['new', 'c', 'd', 'b'])
    await expect.poll(() => focused(page)).toBe('b')
    await page.keyboard.press('Delete')
    await expect.poll(() => focused(page)).toBe('d')
    await page.keyboard.press('Control+z')
    await expect.poll(() => titles(page)).toEqual(['new', 'c', 'd', 'b'])
    await expect.poll(() => focused(page)).toBe('b')
    await page.keyboard.press('k')
    await page.keyboard.press('Enter')
    await dialog(page).waitFor()
    expect(await page.evaluate(() => (document.activeElement as HTMLInputElement).value)).toBe('d')
    await page.keyboard.press('End')
    await page.keyboard.type('one')
    await page.keyboard.press('Tab')
    await page.keyboard.type('With more words')
    await page.keyboard.press('Control+Enter')
    await dialog(page).waitFor({ state: 'detached' })
    await expect.poll(() => titles(page)).toEqual(['new', 'c', 'done', 'b'])
    await expect.poll(() => focused(page)).toBe('doneWith more words')
    await page.keyboard.press('Enter')
    await dialog(page).getByRole('button', { name: 'Mark as done' }).press('Enter')
    await dialog(page).waitFor({ state: 'detached' })
    await expect.poll(() => titles(page)).toEqual(['new', 'c', 'b'])
    await expect.poll(() => focused(page)).toBe('b')
    await page.keyboard.press('Shift+?')
    await page.getByText('Mark the task as done or open again').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('Control+k')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.type('new task')
    await page.keyboard.press('Enter')
    await expect.poll(() => field(page).evaluate((it) => it === document.activeElement)).toBe(true)
    expect(new URL(page.url()).search).toBe('')
  })

  it('come back to their places when their deletion is taken back', async () => {
    const [page] = (await open(1, 'a', 'b', 'c', 'd')) as [Page]
    for (const title of ['b', 'c']) {
      await row(page, title).getByRole('button').click()
      await page.getByRole('menuitem', { name: 'Delete' }).click()
    }
    await expect.poll(() => titles(page)).toEqual(['a', 'd'])
    await expect.poll(() => focused(page)).toBe('d')
    await page.getByRole('group', { name: '2 tasks are deleted' }).waitFor()
    await expectToLookRight(page, 'tasks deleted')
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(() => titles(page)).toEqual(['a', 'b', 'c', 'd'])
    await expect.poll(() => waits(page).count()).toBe(0)
    await page.reload()
    await expect.poll(() => titles(page)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('are changed offline as online, and sent in order once the network is back', async () => {
    const [desk, phone] = (await open(2, 'a', 'b', 'c')) as [Page, Page]
    stage.expectFault(/ERR_INTERNET_DISCONNECTED|WebSocket|Failed to load/)
    await desk.context().setOffline(true)
    await desk.getByRole('complementary', { name: 'Status' }).getByText('You are offline').waitFor()
    await field(desk).fill('Written on the train')
    await desk.keyboard.press('Enter')
    await row(desk, 'b').getByRole('checkbox').click()
    await link(desk, 'c').focus()
    await desk.keyboard.press('Alt+Shift+ArrowUp')
    await expect.poll(() => titles(desk)).toEqual(['c', 'Written on the train', 'a'])
    expect(await waits(desk).count()).toBe(2)
    // Seen only when it takes a while.
    await expect
      .poll(() =>
        waits(desk)
          .first()
          .locator('..')
          .evaluate((it) => getComputedStyle(it).opacity),
      )
      .toBe('1')
    await expectToLookRight(desk, 'tasks offline')
    await callTasks(phone, 'create', { title: 'Meanwhile' })
    await desk.context().setOffline(false)
    await expect.poll(() => titles(phone)).toEqual(['c', 'Written on the train', 'Meanwhile', 'a'])
    await expect.poll(() => titles(desk)).toEqual(await titles(phone))
    await expect.poll(() => waits(desk).count()).toBe(0)
  })

  it('keep a change that was refused, with the reason, to try again or to discard', async () => {
    const [desk, phone] = (await open(2, 'a', 'b')) as [Page, Page]
    stage.expectFault(/ERR_INTERNET_DISCONNECTED|WebSocket|Failed to load|status of 404/)
    const [taskId] = await makeTasks(phone, ['Contested'])
    await link(desk, 'Contested').waitFor()
    await desk.context().setOffline(true)
    for (const [number, text] of ['First words', 'Other words'].entries()) {
      await link(desk, number === 0 ? 'Contested' : 'First words').click()
      await dialog(desk).getByLabel('Title').fill(text)
      await dialog(desk).getByRole('button', { name: 'Save' }).click()
      await dialog(desk).waitFor({ state: 'detached' })
    }
    await callTasks(phone, 'delete', { taskId })
    await desk.context().setOffline(false)
    const refused = desk.getByRole('list', { name: 'Changes that were not made' }).getByRole('listitem')
    await expect.poll(() => refused.count()).toBe(2)
    await expect.poll(() => titles(desk)).toEqual(['a', 'b'])
    await refused.filter({ hasText: '“First words” was not changed' }).getByText('deleted on another device').waitFor()
    await expectToLookRight(desk, 'tasks refused')
    await refused.filter({ hasText: 'First words' }).getByRole('button', { name: 'Discard' }).click()
    await expect.poll(() => refused.count()).toBe(1)
    await callTasks(phone, 'restore', { taskId })
    await refused.getByRole('button', { name: 'Try again' }).click()
    await expect.poll(() => titles(phone)).toEqual(['Other words', 'a', 'b'])
    await refused.waitFor({ state: 'detached' })
  })

  it('say what went wrong where they cannot be loaded, and load when asked again', async () => {
    const page = await stage.openAs('viewer', '/tasks')
    await field(page).waitFor()
    stage.expectFault(/status of 500/)
    const data = { code: 'INTERNAL_ERROR', httpStatus: 500, requestId: 'req-of-this' }
    const failure = { error: { code: -32603, message: 'Something went wrong on our side.', data } }
    await page.route(/tasks\.list/, (route) => {
      const calls = new URL(route.request().url()).pathname.split(',')
      return route.fulfill({ status: 500, json: calls.map(() => failure) })
    })
    await page.getByRole('link', { name: 'Done', exact: true }).click()
    await page.getByRole('alert').getByText('Something went wrong on our side.').waitFor()
    await page.getByText('Details').click()
    await page.getByText('req-of-this').waitFor()
    await expectToLookRight(page, 'tasks failed')
    await page.unroute(/tasks\.list/)
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByText('Nothing is done yet.').waitFor()
  })

  it('are not overwritten while somebody writes, who is told what they have become elsewhere', async () => {
    const [desk, phone] = (await open(2, 'a')) as [Page, Page]
    await link(desk, 'a').click()
    const title = dialog(desk).getByLabel('Title')
    await title.fill('Half a thought')
    const [{ id: taskId } = { id: '' }] = await listTasks(phone)
    await callTasks(phone, 'update', { taskId, title: 'Elsewhere', description: 'New words' })
    await dialog(desk).getByText('Title was changed elsewhere to “Elsewhere”.').waitFor()
    expect(await title.inputValue()).toBe('Half a thought')
    await expect.poll(() => dialog(desk).getByLabel('Description').inputValue()).toBe('New words')
    await expectToLookRight(desk, 'task changed elsewhere')
    await desk.keyboard.press('Escape')
    await dialog(desk).getByText('Your changes are not saved.').waitFor()
    await dialog(desk).getByRole('button', { name: 'Keep editing' }).click()
    await dialog(desk).getByRole('button', { name: 'Use the other' }).click()
    expect(await title.inputValue()).toBe('Elsewhere')
    await callTasks(phone, 'delete', { taskId })
    await dialog(desk).getByText('This task is deleted.').waitFor()
    await dialog(desk).getByRole('button', { name: 'Restore it' }).click()
    await expect.poll(() => titles(phone)).toEqual(['Elsewhere'])
    await desk.keyboard.press('Escape')
    await dialog(desk).waitFor({ state: 'detached' })
  })

  it('turn read-only when the session expires, with what was loaded still there', async () => {
    const [page] = (await open(1, 'a', 'b')) as [Page]
    await stage.expireSessions(page)
    await page.getByText('You can read what was loaded. Sign in again to change it.').waitFor()
    expect(await titles(page)).toEqual(['a', 'b'])
    await link(page, 'a').focus()
    await page.keyboard.press('x')
    expect(await row(page, 'a').getByRole('checkbox').isDisabled()).toBe(true)
    await expectToLookRight(page, 'tasks session ended')
  })

  // Touch is more than a look here: it decides whether the form takes the focus.
  it.for([
    ['where there is little room', inTheDark, expectToFit],
    ['a phone from the first page on', onPhone, expectToLookRight],
  ] as const)('fit %s', async ([name, options, expectLook]) => {
    const page = await stage.openSignedIn('engineer', options)
    await deleteAllTasks(page)
    await makeTasks(page, ['Call the hall about the chairs', 'w'.repeat(200), 'Ask Mira'], {
      description: 'By Friday\nif it can be',
    })
    await page.goto('/tasks')
    await link(page, 'Call the hall').waitFor()
    await expectLook(page, `tasks ${name}`)
    await page.reload()
    await row(page, 'Call').getByRole('button').click()
    await page.getByRole('menuitem', { name: 'Move down' }).click()
    await expect.poll(async () => (await titles(page))[1]).toBe('Call the hall about the chairs')
    await link(page, 'Call the hall').click()
    await dialog(page).waitFor()
    await expectLook(page, `task ${name}`)
  })

  it('stay at hand when there are 10,000, and move nothing in sight for what comes above it', async () => {
    const count = 10_000
    const page = await stage.openSignedIn('admin')
    const ranks = generateNKeysBetween(null, null, count)
    await stage.changeDatabase(`
      delete from tasks where user_id = (select id from users where email = 'admin@plinth.local');
      insert into tasks (id, user_id, title, rank, created_at, updated_at)
        select gen_random_uuid(), users.id, 'Task number ' || place, rank, now(), now()
        from users, unnest(array['${ranks.join("','")}']) with ordinality as given (rank, place)
        where email = 'admin@plinth.local';
      insert into task_lists (user_id, open_count) select id, ${count} from users where email = 'admin@plinth.local'
        on conflict (user_id) do update set open_count = excluded.open_count, done_count = 0`)
    await page.goto('/tasks')
    await page.getByText('10,000 tasks').waitFor()
    const far = page.locator('li[aria-posinset="1000"]')
    const nameFarDown = async () => {
      await page.evaluate(() => scrollTo(0, 1000 * 52))
      return far.textContent({ timeout: 500 }).catch(() => null)
    }
    await expect.poll(nameFarDown).toBe('Task number 1000')
    expect(await list(page).getByRole('listitem').count()).toBeLessThan(100)
    expect(await far.getAttribute('aria-setsize')).toBe('10000')
    await far.getByRole('link').focus()
    await page.keyboard.press('k')
    await page.keyboard.press('x')
    await expect.poll(() => focused(page)).toBe('Task number 1000')
    await page.getByText('9,999 tasks').waitFor()
    const before = (await row(page, 'Task number 1003').boundingBox())?.y ?? 0
    await makeTasks(page, ['Above it all', 'And this'])
    await page.getByText('10,001 tasks').waitFor()
    expect(Math.abs(((await row(page, 'Task number 1003').boundingBox())?.y ?? 0) - before)).toBeLessThan(2)
    await expectAccessible(page)
    await page.getByRole('button', { name: '2 new' }).click()
    await expect.poll(() => focused(page)).toBe('Above it all')
    await page.getByRole('button', { name: '2 new' }).waitFor({ state: 'detached' })
  })

  it('are read, not changed, by somebody whose role allows no more', async () => {
    const page = await stage.openSignedIn('viewer')
    await makeTasks(page, ['a', 'b'])
    await stage.changeDatabase(`update users set role = 'viewer' where email = 'viewer@plinth.local'`)
    // The server trusts the role of a moment ago for some seconds.
    await expect.poll(async () => (await (await page.request.get('/me')).json()).role).toBe('viewer')
    await page.goto('/tasks')
    await page.getByText('Your role can read tasks, not change them.').waitFor()
    await expect.poll(() => titles(page)).toEqual(['a', 'b'])
    expect(await field(page).count()).toBe(0)
    await link(page, 'a').focus()
    for (const key of ['x', 'Delete', 'Alt+ArrowDown']) await page.keyboard.press(key)
    expect(await titles(page)).toEqual(['a', 'b'])
    await expectToLookRight(page, 'tasks of a viewer')
  })
})
