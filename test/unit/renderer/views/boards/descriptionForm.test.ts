// @vitest-environment happy-dom
import { afterEach, expect, it } from 'vitest'
import { shippedBoards } from '@core/board/description/shippedBoards'
import type { MemoryHandlers } from '@renderer/client/memoryClient'
import DescriptionForm from '@renderer/views/boards/DescriptionForm.vue'
import { sampleBoards } from '../../../../e2e/support/sampleBoards'
import { choose, enabledButtons, submit, type } from '../../formFields'
import { mountView, settle, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

const kept = shippedBoards['qemu-uboot']
const shown = async (handlers: MemoryHandlers) => {
  const client = withClient({ 'board.description': () => ({ description: null }), ...handlers })
  view = mountView(DescriptionForm, { board: sampleBoards[0]! })
  await settle()
  return client
}

it('cannot be kept while it is empty, and reports no fault before anything is typed', async () => {
  await shown({})
  expect(view.text()).toContain('not kept yet')
  expect(enabledButtons(view)).not.toContain('Keep with the board')
  expect(view.root.querySelector('.fault')).toBeNull()
  await type(view, 'RAM address', 'here')
  expect(view.the('.fault').textContent).not.toBe('')
})

it('has the fields of the counter that is chosen alone', async () => {
  await shown({})
  expect(view.text()).not.toContain('Timer address')
  await choose(view, 'Cycles are counted by', 'timer on the bus')
  expect(view.text()).toContain('Timer rate, Hz')
  await choose(view, 'Cycles are counted by', 'another CSR')
  expect(view.text()).not.toContain('Timer rate, Hz')
  expect(view.root.querySelectorAll('[placeholder="0x7e2"]')).toHaveLength(1)
})

it('is kept with what was typed, and forgotten again', async () => {
  const client = await shown({
    'board.description': () => ({ description: kept }),
    'board.saveDescription': ({ description }) => ({ description: description as typeof kept | null })
  })
  expect(view.text()).toContain('kept with the board')
  expect(view.the('[data-test=origins]').textContent).toContain('RAM: kept')
  await type(view, 'Clock, Hz', '48000000')
  await submit(view)
  const saved = (): unknown => client.calls.findLast(({ name }) => name === 'board.saveDescription')?.input
  expect(saved()).toMatchObject({ description: { ...kept, clockHz: 48_000_000 } })
  await choose(view, 'Modem line at reset', 'DTR and RTS together')
  await submit(view)
  expect(saved()).toMatchObject({ description: { resetLines: 'dtrRts' } })
  view.button('Forget').click()
  await settle()
  expect(saved()).toMatchObject({ description: null })
  expect(view.text()).toContain('not kept yet')
})
