// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import type { Board } from '@shared/contract/board'
import { AppError } from '@shared/errors'
import { useBoardTools } from '@renderer/stores/boardTools'
import BitstreamForm from '@renderer/views/boards/BitstreamForm.vue'
import BoardTools from '@renderer/views/boards/BoardTools.vue'
import DebugForm from '@renderer/views/boards/DebugForm.vue'
import { sampleBoards, sampleTools } from '../../../../e2e/support/sampleBoards'
import { choose, enabledButtons, giveFile, optionsOf, submit, tick, type } from '../../formFields'
import { mountView, settle, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

const byId = (id: string): Board => sampleBoards.find((board) => board.id === id)!
const arty = byId('/dev/ttyUSB3')
let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

const file = (name: string): File => new File([new Uint8Array([1, 2])], name)
const sent = (name: string) => ({ name, base64: 'AQI=' })
const chip = { idcode: 0x0362d093, manufacturer: 'xilinx', family: 'artix a7 35t', model: 'xc7a35' }

/** A form over tools that are installed as in the sample, with what it starts. */
async function formWith(form: object, board: Board, tools = sampleTools) {
  const orders: unknown[] = []
  const started: string[] = []
  const order = (input: unknown): { jobId: string } => {
    orders.push(input)
    return { jobId: 'j1' }
  }
  withClient({
    'board.tools': () => tools,
    'board.bitstream': order,
    'board.debugLoad': order,
    'board.detectFpga': ({ target }) => {
      if (target.kind === 'xvc') throw new AppError('tool.failed', 'No cable.', 'Plug one in.')
      return { devices: target.kind === 'board' ? [chip] : [] }
    }
  })
  await useBoardTools().load.run()
  view = mountView(form, { board, onStarted: (jobId: string) => started.push(jobId) })
  await settle()
  return { orders, started }
}

describe('a bitstream', () => {
  it('is written as soon as a file and a target are named, and not before', async () => {
    const { orders, started } = await formWith(BitstreamForm, arty)
    expect(enabledButtons(view)).toEqual([])
    await type(view, 'FPGA board', ' arty_a7_35t ')
    expect(enabledButtons(view)).toEqual(['Ask for the chip'])
    await giveFile(view, 'Bitstream', file('top.bit'))
    expect(enabledButtons(view)).toEqual(['Ask for the chip', 'Write bitstream'])
    await submit(view)
    expect(orders).toEqual([
      {
        file: sent('top.bit'),
        target: { kind: 'board', name: 'arty_a7_35t' },
        ...{ memory: 'sram', part: null, id: null, then: null }
      }
    ])
    expect(started).toEqual(['j1'])
  })

  it('goes into flash with the part that was typed, and into SRAM without it', async () => {
    const { orders } = await formWith(BitstreamForm, arty)
    await type(view, 'FPGA board', 'arty_a7_35t')
    await giveFile(view, 'Bitstream', file('top.bit'))
    await choose(view, 'Into', 'flash, for good')
    await type(view, 'FPGA part', ' xc7a35tcsg324 ')
    await submit(view)
    await choose(view, 'Into', 'SRAM, until power goes')
    expect(view.text()).not.toContain('FPGA part')
    await submit(view)
    expect(orders).toMatchObject([
      { memory: 'flash', part: 'xc7a35tcsg324' },
      { memory: 'sram', part: null }
    ])
  })

  it('carries a program afterwards only over a serial board, once the program is chosen', async () => {
    const { orders } = await formWith(BitstreamForm, arty)
    await type(view, 'FPGA board', 'arty_a7_35t')
    await giveFile(view, 'Bitstream', file('top.bit'))
    await tick(view, 'Then load a program')
    expect(enabledButtons(view)).toEqual(['Ask for the chip'])
    await giveFile(view, 'Program for the new design', file('demo.bin'))
    await choose(view, 'Its boot loader', 'U-Boot, YMODEM')
    expect(enabledButtons(view)).toContain('Write and load')
    await submit(view)
    expect(orders).toMatchObject([
      { id: '/dev/ttyUSB3', then: { file: sent('demo.bin'), loader: 'ymodem', start: true } }
    ])
    view.unmount()
    await formWith(BitstreamForm, byId('virtual:mid'))
    expect(view.text()).not.toContain('Then load a program')
  })

  it('cannot be written without openFPGALoader', async () => {
    const tools = sampleTools.tools.map((tool) => ({ ...tool, path: null }))
    await formWith(BitstreamForm, arty, { ...sampleTools, tools })
    await type(view, 'FPGA board', 'arty_a7_35t')
    await giveFile(view, 'Bitstream', file('top.bit'))
    expect(enabledButtons(view)).toEqual([])
  })

  it('suggests boards or cables, and a name of one is not kept for the other', async () => {
    await formWith(BitstreamForm, arty)
    await type(view, 'FPGA board', 'ULX')
    expect(
      [...view.root.querySelectorAll('datalist option')].map((one) => one.getAttribute('value'))
    ).toEqual(['ulx3s'])
    await choose(view, 'Reached by', 'cable by name')
    expect(view.the<HTMLInputElement>('input[list]').value).toBe('')
    expect(view.root.querySelectorAll('datalist option')).toHaveLength(3)
  })

  it('names the chips behind a cable, none, and the reason why the cable cannot be used', async () => {
    await formWith(BitstreamForm, arty)
    await type(view, 'FPGA board', 'arty_a7_35t')
    view.button('Ask for the chip').click()
    await settle()
    expect(view.the('[data-test=chip]').textContent).toBe('xc7a35 (xilinx artix a7 35t), IDCODE 0x0362d093')
    await choose(view, 'Reached by', 'cable by name')
    expect(view.root.querySelectorAll('[data-test=chip]')).toHaveLength(0)
    await type(view, 'Cable', 'ft2232')
    view.button('Ask for the chip').click()
    await settle()
    expect(view.text()).toContain('no chip is in its chain')
    await choose(view, 'Reached by', 'virtual cable (XVC)')
    await type(view, 'Server', 'bench:2542')
    view.button('Ask for the chip').click()
    await settle()
    expect(view.text()).toContain('No cable.')
    expect(view.text()).not.toContain('no chip is in its chain')
  })

  it('does not show chips that a cable before this one found late', async () => {
    let found: (result: { devices: (typeof chip)[] }) => void = () => undefined
    const client = withClient({
      'board.tools': () => sampleTools,
      'board.detectFpga': () => new Promise((done) => (found = done))
    })
    await useBoardTools().load.run()
    view = mountView(BitstreamForm, { board: arty })
    await type(view, 'FPGA board', 'arty_a7_35t')
    view.button('Ask for the chip').click()
    await settle()
    expect(client.calls.at(-1)?.name).toBe('board.detectFpga')
    await type(view, 'FPGA board', 'ulx3s')
    found({ devices: [chip] })
    await settle()
    expect(view.root.querySelectorAll('[data-test=chip]')).toHaveLength(0)
  })

  it('does not show the chips of one board beside another', async () => {
    await formWith(BitstreamForm, arty)
    await type(view, 'FPGA board', 'arty_a7_35t')
    view.button('Ask for the chip').click()
    await settle()
    expect(view.root.querySelectorAll('[data-test=chip]')).toHaveLength(1)
    view.unmount()
    view = mountView(BitstreamForm, { board: byId('/dev/ttyACM0') })
    await settle()
    expect(view.root.querySelectorAll('[data-test=chip]')).toHaveLength(0)
  })
})

describe('a program through a debug port', () => {
  it('goes through a GDB server with an address in hex or decimal', async () => {
    const { orders, started } = await formWith(DebugForm, arty)
    expect(enabledButtons(view)).toEqual([])
    await giveFile(view, 'Program', file('demo.bin'))
    expect(enabledButtons(view)).toEqual(['Load and compare'])
    await type(view, 'Address', '0x8000_0000')
    await submit(view)
    await type(view, 'Address', '')
    await tick(view, 'Start it afterwards', false)
    await submit(view)
    expect(orders).toEqual([
      {
        route: { kind: 'gdb', server: '127.0.0.1:3333' },
        ...{ file: sent('demo.bin'), address: 0x8000_0000, start: true, id: '/dev/ttyUSB3' }
      },
      {
        route: { kind: 'gdb', server: '127.0.0.1:3333' },
        ...{ file: sent('demo.bin'), address: null, start: false, id: '/dev/ttyUSB3' }
      }
    ])
    expect(started).toEqual(['j1', 'j1'])
  })

  it.each(['0x1_0000_0000', 'main', '-4'])('refuses the address %s before anything is sent', async (text) => {
    await formWith(DebugForm, arty)
    await giveFile(view, 'Program', file('demo.bin'))
    await type(view, 'Address', text)
    expect(view.text()).toContain('An address is hex with 0x, or decimal, of at most 32 bits.')
    expect(enabledButtons(view)).toEqual([])
  })

  it('needs a program that is installed, and a script for OpenOCD', async () => {
    const tools = sampleTools.tools.map((tool) => ({ ...tool, path: '/usr/bin/it' }))
    const debugScripts = ['board/arty.cfg', 'target/gd32.cfg']
    const { orders } = await formWith(DebugForm, arty, { ...sampleTools, tools, debugScripts })
    await giveFile(view, 'Program', file('demo.elf'))
    await choose(view, 'Through', 'OpenOCD and an adapter')
    expect(enabledButtons(view)).toEqual([])
    await type(view, 'Board or interface script', ' board/arty.cfg ')
    await tick(view, 'Reset the core first')
    await submit(view)
    expect(orders).toMatchObject([
      { route: { kind: 'openocd', configs: ['board/arty.cfg'], reset: true }, address: null }
    ])
    const offered = [...view.root.querySelectorAll('datalist')].map((list) =>
      [...list.querySelectorAll('option')].map((one) => one.getAttribute('value'))
    )
    expect(offered).toEqual([['board/arty.cfg'], ['target/gd32.cfg']])
    view.unmount()
    await formWith(DebugForm, arty)
    await giveFile(view, 'Program', file('demo.elf'))
    await choose(view, 'Through', 'OpenOCD and an adapter')
    await type(view, 'Board or interface script', 'board/arty.cfg')
    expect(enabledButtons(view)).toEqual([])
  })

  it('identifies the board on a serial line, and only on one that can be opened', async () => {
    await formWith(DebugForm, arty)
    expect(view.text()).toContain('Afterwards /dev/ttyUSB3 is identified with hello')
    await tick(view, 'Start it afterwards', false)
    expect(view.text()).not.toContain('identified with hello')
    view.unmount()
    const { orders } = await formWith(DebugForm, byId('/dev/ttyUSB0'))
    expect(view.text()).not.toContain('identified with hello')
    await giveFile(view, 'Program', file('demo.elf'))
    await submit(view)
    expect(orders).toMatchObject([{ id: null }])
  })
})

describe('ways to a board past its line', () => {
  it('names the programs of the chosen way, and how to get those that are absent', async () => {
    withClient({ 'board.tools': () => sampleTools })
    view = mountView(BoardTools, { board: arty })
    await settle()
    const tools = () => [...view.root.querySelectorAll('.tools li')].map((one) => one.textContent)
    expect(tools()).toEqual(['openFPGALoader 0.10.0 /usr/bin/openFPGALoader'])
    view.button('Debug load').click()
    await settle()
    expect(tools()).toEqual([
      'openocd is not installed. Debian: apt install openocd',
      'gdb-multiarch 13.1 /usr/bin/gdb-multiarch'
    ])
    expect(optionsOf(view, 'Through')).toEqual(['GDB server', 'OpenOCD and an adapter'])
  })

  it('looks again when the tools could not be read', async () => {
    let looks = 0
    withClient({
      'board.tools': () => {
        looks += 1
        if (looks === 1) throw new AppError('tool.failed', 'No PATH.', 'Set it.')
        return sampleTools
      }
    })
    view = mountView(BoardTools, { board: arty })
    await settle()
    expect(view.text()).toContain('No PATH.')
    view.button('Look again').click()
    await settle()
    expect(view.text()).not.toContain('No PATH.')
    expect(view.text()).toContain('openFPGALoader 0.10.0')
  })
})
