/** Adding and inviting collaborators, and the unsent text of a removed one. */
import { beforeAll, describe, it } from 'vitest'
import { expectAccessible } from '../../../test/axe.ts'
import { field, newDraft } from '../../../test/draft-acts.ts'
import { expectToFit, inTheDark } from '../../../test/shots.ts'
import { post, startStage } from '../../../test/stage.ts'

const stage = await startStage()

beforeAll(async () => {
  await post(await stage.openSignedIn('viewer'), '/trpc/account.updateProfile', { username: 'vera' })
  await post(await stage.openSignedIn('admin'), '/trpc/account.updateProfile', { username: 'ada' })
})

describe('the collaborators of a draft', () => {
  it('are invited by e-mail address, and an invitation can be withdrawn', async () => {
    const mira = await stage.openSignedIn('engineer', inTheDark)
    await mira.goto(await newDraft(mira, 'Invited'))
    await mira.getByRole('button', { name: '1 collaborator' }).click()
    const dialog = mira.getByRole('dialog', { name: 'Collaborators' })
    const name = dialog.getByLabel('Add a collaborator')
    const address = 'Grace.Of.The.Long.Name@a-long-host-name.example.org'
    await name.fill(address)
    await name.press('Enter')
    await dialog.getByText(`Invitation sent to ${address}.`).waitFor()
    const invited = dialog.getByRole('list', { name: 'Invited, not accepted yet' })
    await invited.getByText(address).waitFor()
    await expectToFit(mira, 'invited')
    await invited.getByRole('button', { name: `Withdraw the invitation to ${address}` }).press('Enter')
    await invited.waitFor({ state: 'detached' })
    await dialog.locator(':focus').and(name).waitFor()
    await expectAccessible(mira)
  })

  it('are added when they have verified the address, whose invitation is then no longer listed', async () => {
    const mira = await stage.openSignedIn('engineer')
    await mira.goto(await newDraft(mira, 'Accepted'))
    await mira.getByRole('button', { name: '1 collaborator' }).click()
    const dialog = mira.getByRole('dialog', { name: 'Collaborators' })
    await dialog.getByLabel('Add a collaborator').fill('admin@plinth.local')
    await dialog.getByRole('button', { name: 'Add collaborator' }).click()
    await dialog.getByRole('list', { name: 'Collaborators' }).getByText('@ada', { exact: true }).waitFor()
    await dialog.getByRole('list', { name: 'Invited, not accepted yet' }).waitFor({ state: 'detached' })
  })

  it('are marked at once if they can only read', async () => {
    const mira = await stage.openSignedIn('engineer', inTheDark)
    await stage.changeDatabase(`update users set role = 'viewer' where email = 'viewer@plinth.local'`)
    await mira.goto(await newDraft(mira, 'Read only'))
    await mira.getByRole('button', { name: '1 collaborator' }).click()
    const dialog = mira.getByRole('dialog', { name: 'Collaborators' })
    await dialog.getByLabel('Add a collaborator').fill('vera')
    await dialog.getByRole('button', { name: 'Add collaborator' }).click()
    await dialog.getByText('Demo viewer (@vera) can only read this draft.').waitFor()
    await dialog.getByText('Can only read', { exact: true }).waitFor()
    await expectToFit(mira, 'a viewer added')
  })

  it('are shown with their usernames as the holder of the ring and as authors', async () => {
    const mira = await stage.openSignedIn('engineer', inTheDark)
    const path = await newDraft(mira, 'Named', 'admin@plinth.local')
    await mira.goto(path)
    await mira.getByRole('button', { name: 'Pass the ring to Demo admin (@ada)' }).click()
    await mira.getByText('Demo admin (@ada) holds the ring', { exact: true }).waitFor()
    const ada = await stage.openAs('admin', path)
    await field(ada).fill('Mine')
    await ada.getByRole('button', { name: 'Add segment' }).click()
    await mira.getByRole('list', { name: 'Segments' }).getByText('@ada', { exact: true }).waitFor()
    await expectToFit(mira, 'a draft with usernames')
  })
})

it('the text that a removed collaborator was writing can be copied, also after the page is loaded again', async () => {
  const mira = await stage.openSignedIn('engineer')
  const path = await newDraft(mira, 'Half written', 'admin@plinth.local')
  await mira.goto(path)
  await mira.getByRole('button', { name: 'Pass the ring to Demo admin (@ada)' }).click()
  const ada = await stage.openAs('admin', path, inTheDark)
  await field(ada).fill('Half of a sent')
  stage.expectFault(/status of 404/)
  await mira.getByRole('button', { name: '2 collaborators' }).click()
  await mira.getByRole('button', { name: 'Remove Demo admin (@ada)' }).click()
  await mira.getByRole('button', { name: 'Remove Demo admin', exact: true }).click()
  await ada.getByText('You do not write in this draft any more.').waitFor()
  const text = ada.getByLabel('Your unsent text')
  await ada.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await ada.getByRole('button', { name: 'Copy text' }).click()
  await ada.getByRole('button', { name: 'Copied' }).waitFor()
  await ada.waitForFunction(async () => (await navigator.clipboard.readText()) === 'Half of a sent')
  await expectToFit(ada, 'removed while writing')
  await ada.reload()
  await ada.getByRole('heading', { name: 'This draft is not here' }).waitFor()
  await ada.waitForFunction(() => document.querySelector('textarea')?.value === 'Half of a sent')
  await expectAccessible(ada)
  await ada.getByRole('button', { name: 'Discard text' }).click()
  await text.waitFor({ state: 'detached' })
})
