// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import type { Board } from '@shared/contract/board'
import type { Deployment } from '@shared/contract/deploy'
import type { LabStatus } from '@shared/contract/lab'
import { useBoards } from '@renderer/stores/board'
import BoardBoot from '@renderer/views/boards/BoardBoot.vue'
import BoardFarm from '@renderer/views/boards/BoardFarm.vue'
import BoardMemory from '@renderer/views/boards/BoardMemory.vue'
import FarmTable from '@renderer/views/boards/FarmTable.vue'
import PlacesPanel from '@renderer/views/boards/PlacesPanel.vue'
import { sampleBoards } from '../../../../e2e/support/sampleBoards'
import { sampleLabStatus } from '../../../../e2e/support/sampleLab'
import { sampleDeployment } from '../../../../e2e/support/sampleModel'
import { cellsOf, enabledButtons, giveFile, submit, type } from '../../formFields'
import { mountView, settle, wordsOf, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

const byId = (id: string): Board => sampleBoards.find((board) => board.id === id)!
const small = byId('virtual:small')
let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

describe('all boards', () => {
  async function farm(boards: readonly Board[]) {
    const client = withClient({
      'board.list': () => ({ boards: [...boards], hint: null }),
      'board.connect': ({ id }) => ({ board: byId(id) }),
      'board.disconnect': () => ({ ok: true })
    })
    await useBoards().load.run()
    view = mountView(BoardFarm, {})
    await settle()
    return client
  }
  const asked = (client: { calls: { name: string; input: unknown }[] }, name: string): unknown[] =>
    client.calls.filter((call) => call.name === name).map(({ input }) => (input as { id: string }).id)

  it('counts them, and offers to disconnect those that are connected or come back', async () => {
    const client = await farm(sampleBoards)
    expect(view.text()).toContain('7 boards: 2 connected, 1 in use, 1 reconnecting, 1 unavailable')
    expect(enabledButtons(view)).not.toContain('Connect 2 boards')
    view.button('Disconnect 3').click()
    await settle()
    expect(asked(client, 'board.disconnect')).toEqual(['virtual:small', '/dev/ttyUSB3', '/dev/ttyACM0'])
  })

  it("connects what is the user's own and waits: not boards that nobody saved", async () => {
    const waiting = sampleBoards.map((board) => ({ ...board, state: 'available' as const }))
    const client = await farm(waiting)
    view.button('Connect 3 boards').click()
    await settle()
    expect(asked(client, 'board.connect').sort()).toEqual(['/dev/ttyACM0', '/dev/ttyUSB0', '/dev/ttyUSB3'])
  })

  it('is searched once there are many, and says when none fits', async () => {
    await farm(sampleBoards)
    expect(view.root.querySelector('[type=search]')).toBeNull()
    view.unmount()
    const many = [...sampleBoards, ...['a', 'b'].map((name) => ({ ...byId('qemu'), id: name, name }))]
    await farm(many)
    const search = view.the<HTMLInputElement>('[type=search]')
    search.value = 'HIFIVE'
    search.dispatchEvent(new Event('input'))
    await settle()
    expect(view.root.querySelectorAll('.farm > *')).toHaveLength(1)
    search.value = 'no such'
    search.dispatchEvent(new Event('input'))
    await settle()
    expect(view.text()).toContain('No board is called like that.')
  })

  it('as a table shows one line per board, and a click shows that board', async () => {
    await farm(sampleBoards)
    view.button('Table').click()
    await settle()
    expect(view.root.querySelectorAll('tbody tr[aria-rowindex]')).toHaveLength(7)
    view.root.querySelectorAll<HTMLElement>('tbody tr[aria-rowindex]')[3]!.click()
    await settle()
    expect(useBoards().shown?.id).toBe('qemu')
  })
})

it('a table of boards shows traffic and errors together, and what is unknown as unavailable', () => {
  withClient({})
  view = mountView(FarmTable, { boards: [small, byId('qemu')] })
  expect(cellsOf(view.root)).toEqual([
    [
      ...['Virtual board, small', 'connected', '–', 'rv32imac_zicsr', '50 MHz', 'profile campaign'],
      ...['272 KiB', '3']
    ],
    ['QEMU virt', 'not connected', '–', '–', '–', '–', '–', '–']
  ])
})

describe('the memory of a board', () => {
  const shown = async (deployments: Deployment[]) => {
    withClient({ 'deploy.list': () => ({ deployments }) })
    view = mountView(BoardMemory, { board: small })
    await settle()
    return wordsOf(view.the('.keys'))
  }

  it('is all free until a deployment was planned for this board', async () => {
    const planned = { ...sampleDeployment, plan: sampleDeployment.plan }
    const elsewhere = { ...planned, request: { ...planned.request, boardId: 'qemu' } }
    expect(await shown([elsewhere, { ...sampleDeployment, id: 'd0', plan: null }])).toBe('Free 960 KiB')
    expect(view.text()).toContain('is drawn once one was planned')
    expect(view.the('.map').getAttribute('aria-label')).toBe('RAM from 0x80010000 to 0x80100000')
  })

  it('is divided by the newest plan: image, arena, the rest of the peak, and what is free', async () => {
    const plan = { ...sampleDeployment.plan!, imageBytes: 2048, arenaBytes: 1024, peakRamBytes: 4096 }
    const words = await shown([
      { ...sampleDeployment, id: 'old', startedAtMs: 1, plan: { ...plan, imageBytes: 9000 } },
      { ...sampleDeployment, plan }
    ])
    expect(words).toBe(
      'Image: table, weights, scales 2 KiB Activation arena 1 KiB Counters of the layers 1 KiB Free 956 KiB'
    )
    expect(view.text()).not.toContain('is drawn once one was planned')
  })

  it('leaves out an Image that lies in flash', async () => {
    const sizes = { imageBytes: 90_000, arenaBytes: 1024, peakRamBytes: 1024 }
    const plan = { ...sampleDeployment.plan!, ...sizes, imageAddress: 0x0800_9800 }
    expect(await shown([{ ...sampleDeployment, plan }])).toBe('Activation arena 1 KiB Free 959 KiB')
  })

  it('shows no part of nothing, and never less than nothing free', async () => {
    const bytes = small.info!.ram.high - small.info!.ram.low
    const plan = { ...sampleDeployment.plan!, imageBytes: bytes, arenaBytes: 1024, peakRamBytes: bytes }
    expect(await shown([{ ...sampleDeployment, plan }])).toBe(
      'Image: table, weights, scales 960 KiB Activation arena 1 KiB Free 0 B'
    )
  })
})

describe('bringing up the monitor', () => {
  it('asks a virtual board for no description, and not while the board is in use', () => {
    withClient({})
    view = mountView(BoardBoot, { board: byId('virtual:mid') })
    expect(view.root.querySelector('[type=file]')).toBeNull()
    expect(enabledButtons(view)).toEqual(['Bring up'])
    view.unmount()
    view = mountView(BoardBoot, { board: small })
    expect(enabledButtons(view)).toEqual([])
  })

  it('sends the description that was chosen', async () => {
    const client = withClient({ 'board.boot': () => ({ jobId: 'j1' }) })
    view = mountView(BoardBoot, { board: byId('/dev/ttyUSB3') })
    await submit(view)
    await giveFile(view, 'Description', new File([new Uint8Array([1])], 'csr.csv'))
    await submit(view)
    const booted = client.calls.filter(({ name }) => name === 'board.boot').map(({ input }) => input)
    expect(booted).toEqual([
      { id: '/dev/ttyUSB3', description: null },
      { id: '/dev/ttyUSB3', description: { name: 'csr.csv', base64: 'AQ==' } }
    ])
  })
})

describe('places of a lab', () => {
  const mounted = async (status: LabStatus, naming = false) => {
    let now = status
    const client = withClient({
      'lab.status': () => now,
      'lab.release': () => now,
      'lab.connect': () => sampleLabStatus,
      'board.save': ({ id }) => ({ board: { ...byId('/dev/ttyUSB3'), id } }),
      'board.connect': ({ id }) => ({ board: { ...byId('/dev/ttyUSB3'), id } })
    })
    view = mountView(PlacesPanel, { naming })
    await settle()
    const change = async (next: LabStatus): Promise<void> => {
      now = next
      client.emit('lab.changed', {})
      await settle()
    }
    return { client, change }
  }
  const place = (name: string): HTMLElement =>
    [...view.root.querySelectorAll<HTMLElement>('tbody tr:not([aria-hidden])')].find(
      (one) => one.querySelector('td')?.textContent?.trim().startsWith(name) === true
    )!
  const choose = async (name: string): Promise<void> => {
    place(name).click()
    await settle()
  }
  /** Buttons for the chosen place; those that every table has are left out. */
  const offered = (): string[] =>
    [...view.root.querySelectorAll('[role=toolbar] > button')]
      .map((one) => one.textContent?.trim() ?? '')
      .filter((text) => text !== 'Pin')
  const buttonsOf = async (name: string): Promise<string[]> => {
    await choose(name)
    return offered()
  }
  const none: LabStatus = { ...sampleLabStatus, coordinator: null, kept: false, places: [] }

  it('take no room without a coordinator, unless one is to be named', async () => {
    await mounted(none)
    expect(view.text()).toBe('')
    view.unmount()
    await mounted(none, true)
    expect(enabledButtons(view)).toEqual([])
    await type(view, 'Coordinator', 'bench-a')
    await submit(view)
    expect(view.text()).toContain('bench-a:20408, 5 places')
  })

  it('offer what can be done with each: connect a free one, release a held or forgotten one', async () => {
    await mounted(sampleLabStatus)
    expect(await buttonsOf('arty-1')).toEqual(['Connect'])
    expect(await buttonsOf('arty-2')).toEqual([])
    expect(await buttonsOf('icebreaker')).toEqual(['Release'])
    expect(await buttonsOf('kria')).toEqual(['Release'])
    expect(await buttonsOf('spare')).toEqual([])
    expect(place('spare').textContent).toContain('no serial line')
  })

  it('connect with the speed of the line', async () => {
    const { client } = await mounted(sampleLabStatus)
    await choose('arty-1')
    view.button('Connect').click()
    await settle()
    // Jobs are listed to know whether the host works on something that a connection waits for.
    expect(client.calls.slice(1).filter(({ name }) => name !== 'job.list')).toMatchObject([
      { name: 'board.save', input: { id: 'labgrid://arty-1', settings: { baudRate: 115_200 } } },
      { name: 'board.connect', input: { id: 'labgrid://arty-1' } }
    ])
  })

  it('are released after a question, which another holder raises again', async () => {
    const { client, change } = await mounted(sampleLabStatus)
    const releases = () => client.calls.filter(({ name }) => name === 'lab.release').map(({ input }) => input)
    await choose('icebreaker')
    view.button('Release').click()
    await settle()
    expect(view.text()).toContain('bench-b/grace loses it.')
    expect(offered()).toEqual(['Keep', 'Release it'])
    const places = sampleLabStatus.places.map((one) =>
      one.name === 'icebreaker' ? { ...one, holder: 'bench-c/alan' } : one
    )
    await change({ ...sampleLabStatus, places })
    expect(offered()).toEqual(['Release'])
    view.button('Release').click()
    await settle()
    view.button('Keep').click()
    await settle()
    expect(releases()).toEqual([])
    view.button('Release').click()
    await settle()
    view.button('Release it').click()
    await settle()
    expect(releases()).toEqual([{ place: 'icebreaker', holder: 'bench-c/alan' }])
  })

  it('show why the coordinator cannot be reached, rather than that it has none', async () => {
    const problem = { code: 'lab.unreachable' as never, message: 'No route.', hint: 'Start it.' }
    await mounted({ ...sampleLabStatus, places: [] })
    expect(view.text()).toContain('The coordinator has no places yet.')
    view.unmount()
    await mounted({ ...sampleLabStatus, places: [], problem: { ...problem, code: 'tool.failed' } })
    expect(view.text()).toContain('No route.')
    expect(view.text()).not.toContain('has no places yet')
  })
})
