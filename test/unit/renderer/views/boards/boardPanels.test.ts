// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import type { Board, LineStatistics } from '@shared/contract/board'
import type { MemoryClient } from '@renderer/client/memoryClient'
import BoardIdentity from '@renderer/views/boards/BoardIdentity.vue'
import BoardLine from '@renderer/views/boards/BoardLine.vue'
import BoardSettings from '@renderer/views/boards/BoardSettings.vue'
import SendFile from '@renderer/views/boards/SendFile.vue'
import { sampleBoards } from '../../../../e2e/support/sampleBoards'
import { mountView, settle, wordsOf, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

const byId = (id: string): Board => sampleBoards.find((board) => board.id === id)!
const small = byId('virtual:small')
let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

describe('the line of a board', () => {
  const clean: LineStatistics = { ...small.statistics!, requests: 1000, retransmits: 0, crcErrors: 0 }
  const shown = (changes: Partial<LineStatistics>): string => {
    view = mountView(BoardLine, { statistics: { ...clean, ...changes } })
    return wordsOf(view.root)
  }

  it.each([
    [{ requests: 0 }, 'no requests yet'],
    [{}, 'clean so far'],
    [{ retransmits: 20 }, 'errors were repaired'],
    [{ retransmits: 21 }, 'poor: lower the baud rate or change the cable'],
    [{ crcErrors: 1 }, 'errors were repaired']
  ])('%j: %s', (changes, verdict) => {
    expect(shown(changes)).toContain(`since it was opened: ${verdict}`)
  })

  it('shows repeated requests as a share, and warns of what went wrong', () => {
    expect(shown({ retransmits: 21, crcErrors: 0 })).toContain('Retransmits 21 (2.1 %)')
    expect([...view.root.querySelectorAll('.warned')].map((one) => one.textContent)).toEqual(['21 (2.1 %)'])
  })

  it('shows the round trip of a console on the network, and only there', () => {
    expect(shown({ latencyMs: null })).not.toContain('Server round trip')
    view.unmount()
    expect(shown({ latencyMs: 120 })).toContain('Server round trip 120 ms')
    expect(view.root.querySelectorAll('.warned')).toHaveLength(1)
  })
})

describe('what a board said of itself', () => {
  it('counts its kernels and bit pairs, and kernels without weights are no pair', () => {
    const pool = { ...small.info!.kernels[0]!, kernel: 'maxPool' as const, weightBits: 0 }
    withClient({})
    view = mountView(BoardIdentity, {
      board: { ...small, info: { ...small.info!, kernels: [...small.info!.kernels, pool] } }
    })
    expect(wordsOf(view.root)).toContain('17 entries, 16 bit pairs, rv32im')
    expect(wordsOf(view.root)).toContain('bitbench monitor 1 (0x8fe01c3a)')
    expect(wordsOf(view.root)).toContain('Counters cycles and instructions')
  })

  it('shows counters it does not have as unavailable', () => {
    withClient({})
    const counters = { cycles: false, instructions: false }
    view = mountView(BoardIdentity, { board: { ...small, info: { ...small.info!, counters } } })
    expect(wordsOf(view.root)).toContain('Counters –')
  })

  it.each([
    ['/dev/ttyUSB3', 'No Bitbench monitor on this board', ['Ask for hello']],
    ['/dev/ttyACM0', 'Waiting for this board', []],
    ['virtual:mid', 'Not connected', ['Connect']],
    ['/dev/ttyUSB0', 'Not connected', ['Connect', 'Open the line only']]
  ])('%s: %s', (id, title, offered) => {
    withClient({})
    view = mountView(BoardIdentity, { board: byId(id) })
    expect(wordsOf(view.root)).toContain(title)
    const buttons = [...view.root.querySelectorAll('button')].map((one) => one.textContent?.trim())
    expect(buttons.filter((text) => text !== 'Forget')).toEqual(offered)
  })

  it('opens the line without hello, and resets a board with a monitor', () => {
    const client = withClient({})
    view = mountView(BoardIdentity, { board: byId('/dev/ttyUSB0') })
    view.button('Open the line only').click()
    expect(client.calls.at(-1)).toMatchObject({ name: 'board.connect', input: { identify: false } })
    view.unmount()
    view = mountView(BoardIdentity, { board: small })
    view.button('Reset').click()
    expect(client.calls.at(-1)).toMatchObject({ name: 'board.reset', input: { id: 'virtual:small' } })
  })
})

describe('the settings of a port', () => {
  it('are saved as they were changed, with the name', async () => {
    const client: MemoryClient = withClient({})
    view = mountView(BoardSettings, { board: byId('/dev/ttyUSB3') })
    const dtr = view.the<HTMLSelectElement>('[aria-label="DTR when opened"]')
    dtr.selectedIndex = 2
    dtr.dispatchEvent(new Event('change'))
    const reconnect = view.the<HTMLInputElement>('[type=checkbox]')
    reconnect.checked = false
    reconnect.dispatchEvent(new Event('change'))
    view.the('form').dispatchEvent(new Event('submit', { cancelable: true }))
    await settle()
    expect(client.calls.at(-1)).toEqual({
      name: 'board.save',
      input: {
        id: '/dev/ttyUSB3',
        name: 'Arty, LiteX with VexRiscv',
        settings: { baudRate: 115_200, dtr: 'off', rts: 'leave', reconnect: false }
      }
    })
  })
})

describe('sending a file to a board', () => {
  it.each([
    ['/dev/ttyUSB3', false],
    ['virtual:mid', true],
    ['virtual:small', true]
  ])('%s: the button is disabled = %s', (id, disabled) => {
    withClient({})
    view = mountView(SendFile, { board: byId(id) })
    expect(view.button('Send a file…').disabled).toBe(disabled)
  })
})
