// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it } from 'vitest'
import { nextTick } from 'vue'
import type { Board } from '@shared/contract/board'
import type { MemoryClient } from '@renderer/client/memoryClient'
import { useBoards } from '@renderer/stores/board'
import BoardCard from '@renderer/views/boards/BoardCard.vue'
import { sampleBoards } from '../../../../e2e/support/sampleBoards'
import { mountView, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

const [small, mid, , , arty] = sampleBoards as [Board, Board, Board, Board, Board]
let client: MemoryClient
let view: Mounted<{ board: Board }>
beforeEach(() => {
  client = withClient({
    'board.connect': () => ({ board: small }),
    'board.disconnect': () => ({ ok: true as const })
  })
})
afterEach(() => view.unmount())

it('shows core, clock, counters with their origin, user and faults of a connected board', () => {
  view = mountView(BoardCard, { board: small })
  expect(view.text()).toContain('rv32imac_zicsr · 50 MHz · counts cycles simulated')
  expect(view.text()).toContain('In use: profile campaign')
  expect(view.text()).toContain('2 retransmits, 1 CRC errors')
  expect(view.text()).not.toContain('reconnects')
  view.button('Disconnect').click()
  expect(client.calls.at(-1)).toEqual({ name: 'board.disconnect', input: { id: 'virtual:small' } })
})

it('shows no clock where none is known, and no faults on a clean line', () => {
  const statistics = { ...small.statistics!, retransmits: 0, crcErrors: 0 }
  view = mountView(BoardCard, { board: { ...small, info: { ...small.info!, clockHz: null }, statistics } })
  expect(view.text()).toContain('rv32imac_zicsr · counts cycles')
  expect(view.root.querySelectorAll('.reason')).toHaveLength(0)
})

it('connects an available board', () => {
  view = mountView(BoardCard, { board: mid })
  view.button('Connect').click()
  expect(client.calls.at(-1)).toMatchObject({ name: 'board.connect', input: { id: 'virtual:mid' } })
})

it('says why a board is unavailable instead of a guess, and cannot connect it', () => {
  view = mountView(BoardCard, { board: arty })
  expect(view.text()).toContain('in use by picocom')
  expect(view.text()).not.toContain('likely an FPGA board')
  expect(view.button('Connect').disabled).toBe(true)
})

it('cannot be pressed while it connects', () => {
  view = mountView(BoardCard, { board: { ...mid, state: 'connecting' } })
  expect(view.button('Connecting').disabled).toBe(true)
})

it('is the one shown once it is chosen', async () => {
  const boards = useBoards()
  client.emit('board.changed', small)
  client.emit('board.changed', mid)
  view = mountView(BoardCard, { board: mid })
  const pick = view.the<HTMLButtonElement>('.pick')
  expect(pick.getAttribute('aria-pressed')).toBe('false')
  pick.click()
  await nextTick()
  expect(boards.shown?.id).toBe('virtual:mid')
  expect(pick.getAttribute('aria-pressed')).toBe('true')
})
