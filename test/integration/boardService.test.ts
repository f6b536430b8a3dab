import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { boardContract } from '@shared/contract/board'
import { createRandom } from '@core/math/random'
import { openVirtualLink } from '@main/board/links/virtualLink'
import type { Link } from '@main/board/links/link'
import type { PortEntry } from '@main/board/ports/serialPorts'
import { readFileSync } from 'node:fs'
import { resourcePath } from '@main/paths'
import { createMemoryLink } from '../support/memoryLink'
import { type BoardBench, createBoardBench, virtualBoardWorker } from '../support/boardBench'
import { hasTool, sayskip } from '../support/ptyPair'

const context = { signal: new AbortController().signal }
const noise = (length: number): Uint8Array => {
  const random = createRandom(length)
  return Uint8Array.from({ length }, () => random.integer(256))
}
const settled = async (bench: BoardBench, jobId: string): Promise<{ state: string; error: unknown }> => {
  await bench.jobs.idle()
  return bench.jobs.list().find((job) => job.id === jobId)!
}

describe('board service with a virtual board', () => {
  let bench: BoardBench
  const call = <K extends keyof BoardBench['boards']['handlers']>(
    name: K,
    input: unknown
  ): ReturnType<BoardBench['boards']['handlers'][K]> => {
    const args = boardContract.commands[name].in.parse(input)
    return bench.boards.handlers[name](args as never, context) as never
  }
  beforeAll(async () => {
    bench = await createBoardBench()
  })
  afterAll(() => bench.close())

  it('lists the three virtual boards and QEMU, present or explained', async () => {
    const { boards } = boardContract.commands['board.list'].out.parse(await call('board.list', {}))
    const ids = boards.map((board) => board.id)
    expect(ids).toEqual(expect.arrayContaining(['virtual:small', 'virtual:mid', 'virtual:high', 'qemu']))
    const qemu = boards.find((board) => board.id === 'qemu')!
    expect(qemu.unit).toBe('instructions')
    if (hasTool('qemu-system-riscv32')) expect(qemu.state).toBe('available')
    else expect(qemu).toMatchObject({ state: 'unavailable', reason: expect.stringContaining('install') })
  })

  it('makes a twin from rows, lists it, runs it, and forgets it', async () => {
    const bits = [8, 4, 2, 1] as const
    const rows = bits.flatMap((activationBits) =>
      bits.slice(0, 2).map((weightBits) => ({
        kernel: 'matmul' as const,
        shape: '4x8x32',
        activationBits,
        weightBits,
        cyclesPerMac: 20 + activationBits
      }))
    )
    const { jobId } = await call('board.fitTwin', { name: 'bench', rows, clockHz: 75_000_000 })
    expect(await settled(bench, jobId)).toMatchObject({ state: 'done', error: null })
    const { twins } = boardContract.commands['board.twins'].out.parse(await call('board.twins', {}))
    expect(twins).toMatchObject([{ id: 'twin:bench', fitRows: 8, heldOutRows: 4, otherCodeRows: 0 }])
    const { board } = await call('board.connect', { id: 'twin:bench' })
    expect(board).toMatchObject({ kind: 'virtual', unit: 'cycles', origin: 'simulated' })
    await bench.boards.withLease('twin:bench', 'test', async (session) => {
      const item = { kernel: 'matmul' as const, dims: [4, 8, 32], activationBits: 8, weightBits: 8 }
      const { cycles } = await session.bench({ ...item, repetitions: 2, seed: 1 })
      // What the fit says of this row, within the instructions between the reads of both counters.
      const expected = 28 * 4 * 8 * 32
      expect(Math.abs(Math.max(...cycles) / expected - 1)).toBeLessThan(twins[0]!.fit.max / 100 + 0.02)
    })
    // As a twin of the first version is kept: without its rows, version and kernels.
    await call('board.disconnect', { id: 'twin:bench' })
    const stored = await bench.store.all<{ made: string }>('SELECT made FROM board_twins')
    const keep = async (change: (made: Record<string, unknown>) => void): Promise<void> => {
      const made = JSON.parse(stored[0]!.made) as Record<string, unknown>
      change(made)
      await bench.store.run('UPDATE board_twins SET made = $1', [JSON.stringify(made)])
    }
    await keep((made) => {
      for (const name of ['model', 'kernelBuild', 'measured']) delete made[name]
    })
    await call('board.list', {})
    const refused = {
      code: 'input.unsupported',
      hint: expect.stringContaining('bitbench board twin ROWS.json --name bench') as string
    }
    await expect(call('board.connect', { id: 'twin:bench' })).rejects.toMatchObject(refused)
    const lost = await call('board.fitTwin', { name: 'bench', rows: null }).then(
      () => null,
      (error: unknown) => error
    )
    expect(lost).toMatchObject({ code: 'input.notFound', message: expect.stringContaining('not kept') })
    // A later one keeps its rows, and is fitted to them again.
    await keep((made) => void (made['model'] = 1))
    const listed = (await call('board.list', {})).boards.find(({ id }) => id === 'twin:bench')
    expect(listed).toMatchObject({
      state: 'unavailable',
      reason: expect.stringContaining('bitbench board twin twin:bench')
    })
    await expect(call('board.fitTwin', { name: 'bench', rows: null, isa: 'rv32im' })).rejects.toMatchObject({
      code: 'input.invalid'
    })
    const again = await call('board.fitTwin', { name: 'bench', rows: null })
    expect(await settled(bench, again.jobId)).toMatchObject({ state: 'done', error: null })
    const [fittedAgain] = boardContract.commands['board.twins'].out.parse(await call('board.twins', {})).twins
    expect(fittedAgain).toMatchObject({ outdated: null, fit: twins[0]!.fit, cycles: twins[0]!.cycles })
    expect((await call('board.connect', { id: 'twin:bench' })).board.info!.clockHz).toBe(75_000_000)

    await call('board.forget', { id: 'twin:bench' })
    const { boards } = await call('board.list', {})
    expect(boards.map(({ id }) => id)).not.toContain('twin:bench')
  })

  it('refuses a twin of too few rows, and the job says why', async () => {
    const { jobId } = await call('board.fitTwin', { name: 'none', rows: [] })
    expect(await settled(bench, jobId)).toMatchObject({ state: 'failed', error: { code: 'input.invalid' } })
  })

  it('connects, identifies and answers every command of a session', async () => {
    const { board } = await call('board.connect', { id: 'virtual:small' })
    boardContract.commands['board.connect'].out.parse({ board })
    expect(board).toMatchObject({ state: 'connected', unit: 'cycles', origin: 'simulated', leasedBy: null })
    expect(board.info!.isa).toMatch(/^rv32im/)
    const bytes = noise(5_000)
    await bench.boards.withLease('virtual:small', 'test', async (session, { info }) => {
      const { crc } = await session.upload(info.ram.low, bytes)
      expect(await session.crc(info.ram.low, bytes.length)).toBe(crc)
      expect(Buffer.compare(await session.read(info.ram.low, bytes.length), bytes)).toBe(0)
      const measured = await session.bench({
        kernel: 'matmul',
        activationBits: 8,
        weightBits: 8,
        dims: [4, 8, 16],
        repetitions: 2,
        seed: 7
      })
      expect(measured.cycles).toHaveLength(2)
      expect(measured.cycles[0]).toBeGreaterThan(measured.instructions[0]!)
    })
    expect(
      (await call('board.get', { id: 'virtual:small' })).board.statistics!.receivedBytes
    ).toBeGreaterThan(5_000)
  })

  it('lends the board to one owner at a time and names it', async () => {
    let letGo: () => void = () => undefined
    const first = bench.boards.withLease(
      'virtual:small',
      'profile campaign',
      () => new Promise<void>((resolve) => (letGo = resolve))
    )
    await expect(bench.boards.withLease('virtual:small', 'deploy', async () => 1)).rejects.toMatchObject({
      code: 'board.busy',
      message: expect.stringContaining('profile campaign')
    })
    await expect(call('board.sendText', { id: 'virtual:small', text: '?' })).rejects.toMatchObject({
      code: 'board.busy'
    })
    letGo()
    await first
    expect(await bench.boards.withLease('virtual:small', 'deploy', async () => 1)).toBe(1)
  })

  it('keeps a console beside the commands: banner, typed text, answers without frames', async () => {
    await call('board.sendText', { id: 'virtual:small', text: '?' })
    await expect
      .poll(async () => text((await call('board.console', { id: 'virtual:small' })).chunks))
      .toMatch(/RAM 0x[0-9a-f]+/)
    const { chunks } = await call('board.console', { id: 'virtual:small' })
    expect(chunks.some((chunk) => chunk.direction === 'sent' && chunk.text === '?')).toBe(true)
    expect(
      chunks.filter((chunk) => chunk.direction === 'received').every((chunk) => !chunk.hex.startsWith('b562'))
    ).toBe(true)
    await expect.poll(() => bench.events.some(({ event }) => event === 'board.consoleText')).toBe(true)
  })

  it('loads a file with CRC, refuses one that does not fit before sending anything', async () => {
    const bytes = noise(20_000)
    const file = { name: 'data.bin', base64: Buffer.from(bytes).toString('base64') }
    // Bytes of which nothing says where they belong are carried nowhere, let alone run.
    await expect(call('board.load', { id: 'virtual:small', file, start: true })).rejects.toMatchObject({
      code: 'input.invalid',
      hint: expect.stringContaining('address')
    })
    const { board } = await call('board.get', { id: 'virtual:small' })
    const { jobId } = await call('board.load', { id: 'virtual:small', file, address: board.info!.ram.low })
    expect(await settled(bench, jobId)).toMatchObject({ state: 'done' })
    expect((await call('board.loads', {})).loads[0]).toMatchObject({
      fileName: 'data.bin',
      sizeBytes: 20_000,
      loader: 'monitor'
    })

    const sentBefore = (await call('board.get', { id: 'virtual:small' })).board.statistics!.sentBytes
    const outside = await call('board.load', { id: 'virtual:small', file, address: 0x8000_0000 })
    expect(await settled(bench, outside.jobId)).toMatchObject({
      state: 'failed',
      error: { code: 'board.addressRange' }
    })
    expect((await call('board.get', { id: 'virtual:small' })).board.statistics!.sentBytes).toBe(sentBefore)
  })

  it('a cancelled upload leaves the board usable', async () => {
    const file = { name: 'big.bin', base64: Buffer.from(noise(600_000)).toString('base64') }
    const { board } = await call('board.get', { id: 'virtual:small' })
    const { jobId } = await call('board.load', { id: 'virtual:small', file, address: board.info!.ram.low })
    await expect.poll(() => bench.jobs.list().find((job) => job.id === jobId)!.done).toBeGreaterThan(0)
    bench.jobs.cancel(jobId)
    expect(await settled(bench, jobId)).toMatchObject({ state: 'cancelled' })
    expect((await call('board.identify', { id: 'virtual:small' })).board.info!.window).toBeGreaterThan(0)
  })

  it('answers again after a reset', async () => {
    const { board } = await call('board.reset', { id: 'virtual:small' })
    expect(board).toMatchObject({ state: 'connected' })
    expect(board.info).not.toBeNull()
  })

  it('holds several boards at once', async () => {
    await call('board.connect', { id: 'virtual:high' })
    const both = await Promise.all(
      ['virtual:small', 'virtual:high'].map((id) =>
        bench.boards.withLease(id, 'test', (session) =>
          session.bench({
            kernel: 'matmul',
            activationBits: 4,
            weightBits: 2,
            dims: [4, 8, 32],
            repetitions: 1,
            seed: 3
          })
        )
      )
    )
    expect(both[0]!.checksum).toBe(both[1]!.checksum)
    expect(both[0]!.instructions).toEqual(both[1]!.instructions)
    expect(both[0]!.cycles[0]).not.toBe(both[1]!.cycles[0])
  })

  it('remembers names and settings, and forgets them', async () => {
    await call('board.save', { id: '/dev/ttyNOWHERE', name: 'My board', settings: { baudRate: 921_600 } })
    const listed = (await call('board.list', {})).boards.find((board) => board.id === '/dev/ttyNOWHERE')
    expect(listed).toMatchObject({
      name: 'My board',
      saved: true,
      settings: { baudRate: 921_600, dtr: 'leave' }
    })
    await expect(call('board.connect', { id: '/dev/ttyNOWHERE' })).rejects.toMatchObject({
      code: 'board.notFound'
    })
    await call('board.forget', { id: '/dev/ttyNOWHERE' })
    expect((await call('board.list', {})).boards.some((board) => board.id === '/dev/ttyNOWHERE')).toBe(false)
  })

  it('says what is wrong with an unknown board', async () => {
    await expect(call('board.connect', { id: 'toaster' })).rejects.toMatchObject({ code: 'board.notFound' })
    expect(() => bench.boards.identified('virtual:mid')).toThrow(/not connected/)
  })
})

describe('board service with a line of the test', () => {
  it('shows what was received when it is no Bitbench monitor', async () => {
    const { link, peer } = createMemoryLink()
    peer.onBytes = () => peer.send(new TextEncoder().encode('login: '))
    const bench = await createBoardBench({ openSerial: async () => link })
    try {
      await expect(bench.boards.connect('/dev/ttyFAKE')).rejects.toMatchObject({
        code: 'board.notMonitor',
        message: expect.stringContaining('login:')
      })
      expect(link.closed).toMatchObject({ kind: 'asked' })
      const { board } = await bench.boards.handlers['board.get']({ id: '/dev/ttyFAKE' }, context)
      expect(board.state).toBe('available')
    } finally {
      await bench.close()
    }
  })

  it('opens a line again when its settings change, but not under a lease', async () => {
    const speeds: number[] = []
    const bench = await createBoardBench({
      openSerial: async (_port, { baudRate }) => {
        speeds.push(baudRate)
        return createMemoryLink().link
      }
    })
    const id = '/dev/ttyFAKE'
    const connect = async (settings: { baudRate?: number } = {}): Promise<unknown> =>
      await bench.boards.handlers['board.connect']({ id, identify: false, settings }, context)
    try {
      await connect()
      await connect()
      await connect({ baudRate: 115_200 })
      expect(speeds).toEqual([115_200])
      await connect({ baudRate: 9_600 })
      await connect()
      expect(speeds).toEqual([115_200, 9_600])
      // Two lines with a long pause between them hold the lease.
      const file = { name: 'script.txt', base64: Buffer.from('a\nb\n').toString('base64') }
      const order = { id, file, linePauseMs: 60_000 }
      const { jobId } = await bench.boards.handlers['board.sendFile'](order, context)
      const leasedBy = async (): Promise<string | null> =>
        (await bench.boards.handlers['board.get']({ id }, context)).board.leasedBy
      while ((await leasedBy()) === null) await new Promise((resolve) => setTimeout(resolve, 5))
      await expect(connect({ baudRate: 19_200 })).rejects.toMatchObject({
        code: 'board.busy',
        message: expect.stringContaining('in use by the sending of script.txt')
      })
      await connect({ baudRate: 9_600 })
      expect(speeds).toEqual([115_200, 9_600])
      await bench.jobs.cancel(jobId)
      await bench.jobs.idle()
      await connect({ baudRate: 19_200 })
      expect(speeds).toEqual([115_200, 9_600, 19_200])
    } finally {
      await bench.close()
    }
  })

  it('comes back by itself after an unplug, on whatever port the same board gets', async () => {
    const opened: { link: Link; port: string; unplug: () => void }[] = []
    const usb = (at: string, serialNumber: string): PortEntry => ({
      path: at,
      serialNumber,
      manufacturer: null,
      product: null,
      vendorId: '0403',
      productId: '6015',
      interfaceNumber: '00',
      guess: null
    })
    let ports = [usb('/dev/ttyUSB0', 'mine')]
    const firmware = new Uint8Array(readFileSync(resourcePath('firmware', 'build', 'monitor.elf')))
    const bench = await createBoardBench({
      listPorts: async () => ports,
      async openSerial(port) {
        const link = await openVirtualLink({
          preset: 'small',
          firmware,
          workerFile: await virtualBoardWorker()
        })
        const listeners: ((reason: { kind: 'unplugged'; text: string }) => void)[] = []
        const wrapped: Link = {
          ...link,
          get closed() {
            return link.closed
          },
          onClose(listener) {
            listeners.push(listener)
            return link.onClose(listener)
          }
        }
        opened.push({
          link,
          port,
          unplug() {
            for (const listener of listeners) listener({ kind: 'unplugged', text: 'pulled' })
            void link.close()
          }
        })
        return wrapped
      }
    })
    try {
      await bench.boards.connect('/dev/ttyUSB0')
      opened[0]!.unplug()
      // Another board is faster and takes the old path.
      ports = [usb('/dev/ttyUSB0', 'other'), usb('/dev/ttyUSB1', 'mine')]
      const state = async (): Promise<string> =>
        (await bench.boards.handlers['board.get']({ id: '/dev/ttyUSB0' }, context)).board.state
      expect(await state()).toBe('reconnecting')
      await expect(bench.boards.withLease('/dev/ttyUSB0', 'test', async () => 1)).rejects.toMatchObject({
        code: 'board.disconnected'
      })
      await bench.boards.waitUntilConnected('/dev/ttyUSB0', 20_000)
      expect(await state()).toBe('connected')
      expect(opened.map(({ port }) => port)).toEqual(['/dev/ttyUSB0', '/dev/ttyUSB1'])
      const { boards } = await bench.boards.handlers['board.list']({}, context)
      expect(boards.filter(({ kind }) => kind === 'serial').map(({ id, port }) => [id, port])).toEqual([
        ['/dev/ttyUSB0', '/dev/ttyUSB1'],
        ['/dev/ttyUSB0@other', '/dev/ttyUSB0']
      ])
      const { board } = await bench.boards.handlers['board.get']({ id: '/dev/ttyUSB0' }, context)
      expect(board.statistics!.reconnects).toBe(1)
    } finally {
      await bench.close()
    }
  })
})

if (!hasTool('qemu-system-riscv32')) sayskip('board service with QEMU', 'qemu-system-riscv32')
describe.skipIf(!hasTool('qemu-system-riscv32'))('board service with QEMU', () => {
  it('counts the very instructions that the virtual board retires', async () => {
    const bench = await createBoardBench()
    try {
      await Promise.all([bench.boards.connect('qemu'), bench.boards.connect('virtual:high')])
      expect(bench.boards.identified('qemu').unit).toBe('instructions')
      const request = {
        kernel: 'matmul',
        activationBits: 8,
        weightBits: 4,
        dims: [8, 16, 64],
        repetitions: 2,
        seed: 11
      } as const
      const [onQemu, onVirtual] = await Promise.all(
        ['qemu', 'virtual:high'].map((id) =>
          bench.boards.withLease(id, 'test', (session) => session.bench(request))
        )
      )
      expect(onQemu!.checksum).toBe(onVirtual!.checksum)
      expect(onQemu!.instructions).toEqual(onVirtual!.instructions)
    } finally {
      await bench.close()
    }
  })
})

const text = (chunks: { text: string }[]): string => chunks.map((chunk) => chunk.text).join('')
