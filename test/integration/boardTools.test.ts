import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openQemuLink } from '@main/board/links/qemuLink'
import { resourcePath } from '@main/paths'
import { type BoardBench, createBoardBench } from '../support/boardBench'
import { freePort } from '../support/freePort'
import { makeBitFile } from '../support/jtag/bitFile'
import { serveRemoteBitbang } from '../support/jtag/remoteBitbang'
import { createDebuggedHart } from '../support/jtag/riscvDebug'
import { createSeries7 } from '../support/jtag/series7'
import { serveXvc } from '../support/jtag/xvcServer'
import { createLiveBios } from '../support/liveBios'
import { hasTool, sayskip } from '../support/ptyPair'

const monitorFile = resourcePath('firmware', 'build', 'monitor.elf')
const artix35 = 0x0362_d093
const context = { signal: new AbortController().signal }
const file = (name: string, bytes: Uint8Array): { name: string; base64: string } => ({
  name,
  base64: Buffer.from(bytes).toString('base64')
})
const need = (...tools: string[]): boolean => {
  const missing = tools.filter((tool) => !hasTool(tool))
  if (missing.length > 0) sayskip('external board tools', missing.join(' and '))
  return missing.length > 0
}

let folder: string
const closers: (() => Promise<void> | void)[] = []
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-tools-'))
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
  rmSync(folder, { recursive: true, force: true })
})

async function bench(change: Parameters<typeof createBoardBench>[0] = {}): Promise<BoardBench> {
  const made = await createBoardBench(change)
  closers.push(() => made.close())
  return made
}

/** Waits for a job; throws what it failed with. */
async function finish({ jobs }: BoardBench, jobId: string): Promise<void> {
  for (;;) {
    const job = jobs.list().find(({ id }) => id === jobId)!
    if (job.error !== null) throw job.error
    if (job.finishedAtMs !== null) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const progressOf = ({ events }: BoardBench): number[] =>
  events
    .filter(({ event }) => event === 'job.changed')
    .map(({ payload }) => (payload as { done: number }).done)

describe.skipIf(need('gdb-multiarch', 'qemu-system-riscv32'))('GDB against QEMU', () => {
  async function emptyQemu(): Promise<{ board: BoardBench; server: string }> {
    const server = `127.0.0.1:${await freePort()}`
    const board = await bench({
      openQemu: () =>
        openQemuLink({
          program: 'qemu-system-riscv32',
          boardArguments: ['-bios', 'none', '-gdb', `tcp:${server}`],
          spawn
        })
    })
    return { board, server }
  }

  it('makes an empty machine a Bitbench board: writes the monitor, compares it, starts it, hears hello', async () => {
    const { board, server } = await emptyQemu()
    const { handlers } = board.boards
    const { jobId } = await handlers['board.debugLoad'](
      { route: { kind: 'gdb', server }, file: { path: monitorFile }, address: null, start: true, id: 'qemu' },
      context
    )
    await finish(board, jobId)
    const { loads } = await handlers['board.loads']({}, context)
    expect(loads[0]).toMatchObject({ jobId, boardId: 'qemu', loader: 'gdb', fileName: 'monitor.elf' })
    expect(loads[0]!.result).toContain('compared, running from 0x80000000')
    const { board: shown } = await handlers['board.get']({ id: 'qemu' }, context)
    expect(shown).toMatchObject({ state: 'connected', leasedBy: null })
    expect(shown.info?.isa).toMatch(/^rv32ima/)
    expect(progressOf(board).at(-1)).toBe(loads[0]!.sizeBytes)
    // GDB is gone and the monitor runs on.
    await board.boards.withLease('qemu', 'test', async (session) => {
      expect(await session.echo(Uint8Array.of(1, 2, 3))).toEqual(Uint8Array.of(1, 2, 3))
    })
  })

  it('a flat binary goes to its address; the core stays halted when asked to', async () => {
    const { board, server } = await emptyQemu()
    await board.boards.handlers['board.connect']({ id: 'qemu', identify: false }, context)
    const { jobId } = await board.boards.handlers['board.debugLoad'](
      {
        route: { kind: 'gdb', server },
        file: file('data.bin', new Uint8Array(5_000).fill(0x5a)),
        address: 0x8010_0000,
        start: false,
        id: null
      },
      context
    )
    await finish(board, jobId)
    const { loads } = await board.boards.handlers['board.loads']({}, context)
    expect(loads[0]).toMatchObject({ boardId: null, sizeBytes: 5_000 })
    expect(loads[0]!.result).toContain('the core is halted')
  })

  it('an address without memory is found by comparing: QEMU takes the bytes and forgets them', async () => {
    const { board, server } = await emptyQemu()
    await board.boards.handlers['board.connect']({ id: 'qemu', identify: false }, context)
    const { jobId } = await board.boards.handlers['board.debugLoad'](
      {
        route: { kind: 'gdb', server },
        file: file('lost.bin', new Uint8Array(64).fill(1)),
        address: 0x7000_0000,
        start: true,
        id: null
      },
      context
    )
    await expect(finish(board, jobId)).rejects.toMatchObject({
      code: 'board.crcMismatch',
      message: expect.stringContaining('0x70000000 to 0x70000040')
    })
  })

  it('says that nobody listens, and where', async () => {
    const board = await bench()
    const { jobId } = await board.boards.handlers['board.debugLoad'](
      {
        route: { kind: 'gdb', server: '127.0.0.1:1' },
        file: { path: monitorFile },
        address: null,
        start: true,
        id: null
      },
      context
    )
    await expect(finish(board, jobId)).rejects.toMatchObject({
      code: 'board.notFound',
      message: expect.stringContaining('127.0.0.1:1')
    })
  })
})

describe.skipIf(need('openocd'))('OpenOCD against a simulated debug module', () => {
  const base = 0x8000_0000

  async function probe(change: { expectedId?: number; damage?: number } = {}) {
    const hart = createDebuggedHart({
      idcode: 0x2000_0913,
      ramBase: base,
      ramBytes: 1 << 16,
      ...(change.damage === undefined ? {} : { damage: change.damage })
    })
    const served = await serveRemoteBitbang(hart.tap)
    closers.push(() => served.close())
    const script = path.join(folder, 'probe.cfg')
    const id = change.expectedId ?? 0x2000_0913
    writeFileSync(
      script,
      [
        'adapter driver remote_bitbang',
        'remote_bitbang host 127.0.0.1',
        `remote_bitbang port ${served.tcpPort}`,
        `jtag newtap riscv cpu -irlen 5 -expected-id 0x${id.toString(16)}`,
        'target create riscv.cpu riscv -chain-position riscv.cpu'
      ].join('\n')
    )
    return { hart, script }
  }
  const load = async (
    board: BoardBench,
    script: string,
    bytes: Uint8Array,
    address = base,
    flash = false
  ): Promise<void> => {
    const { jobId } = await board.boards.handlers['board.debugLoad'](
      {
        route: { kind: 'openocd', configs: [script], reset: false, flash },
        file: file('program.bin', bytes),
        address,
        start: true,
        id: null
      },
      context
    )
    await finish(board, jobId)
  }
  const program = Uint8Array.from({ length: 10_001 }, (_, index) => (index * 37) & 255)

  it('writes a flash bank of the configuration, verifies it, and starts by a reset', async () => {
    const { hart, script } = await probe()
    // OpenOCD's own "faux" flash keeps what is written on the host: the target holds the same already, as flash would afterwards.
    hart.ram.set(program)
    writeFileSync(
      script,
      `${readFileSync(script, 'utf8')}\nflash bank chip.flash faux 0x80000000 0x10000 0 0 riscv.cpu\n`
    )
    const board = await bench()
    await load(board, script, program, base, true)
    expect(hart.resets).toBeGreaterThanOrEqual(2)
    expect(hart.halted).toBe(false)
    expect(progressOf(board).at(-1)).toBe(program.length)
    // Other bytes in the target than those that were written.
    hart.ram[100]! ^= 1
    await expect(load(await bench(), script, program, base, true)).rejects.toMatchObject({
      code: 'board.crcMismatch'
    })
  })

  it('says that a configuration knows no flash there', async () => {
    const { script } = await probe()
    await expect(load(await bench(), script, program, base, true)).rejects.toMatchObject({
      code: 'board.addressRange'
    })
  })

  it('halts the core, writes every byte, verifies, and starts at the entry', async () => {
    const { hart, script } = await probe()
    const board = await bench()
    await load(board, script, program)
    expect(Buffer.from(hart.ram.subarray(0, program.length)).equals(Buffer.from(program))).toBe(true)
    expect(hart.halted).toBe(false)
    expect(hart.resumedAt).toBe(base)
    const done = progressOf(board)
    expect(done.at(-1)).toBe(program.length)
    expect(done.some((bytes) => bytes > 0 && bytes < program.length)).toBe(true)
  })

  it('refuses a chip with another IDCODE before anything is written', async () => {
    const { hart, script } = await probe({ expectedId: 0x1000_1fff })
    await expect(load(await bench(), script, program)).rejects.toMatchObject({
      code: 'board.wrongBoard',
      message: expect.stringMatching(/0x20000913.*0x10001fff/)
    })
    expect(hart.ram.every((byte) => byte === 0)).toBe(true)
  })

  it('names the first byte that does not read back', async () => {
    const { script } = await probe({ damage: base + 16 })
    await expect(load(await bench(), script, program)).rejects.toMatchObject({
      code: 'board.crcMismatch',
      message: expect.stringContaining('0x80000010')
    })
  })

  it('names the address where there is no memory', async () => {
    const { script } = await probe()
    await expect(load(await bench(), script, program, 0x4000_0000)).rejects.toMatchObject({
      code: 'board.addressRange',
      message: expect.stringContaining('0x40000000')
    })
  })

  it('a missing adapter, a missing script and a nameless one are told apart', async () => {
    const board = await bench()
    const run = async (configs: string[]): Promise<void> => {
      const { jobId } = await board.boards.handlers['board.debugLoad'](
        {
          route: { kind: 'openocd', configs, reset: false, flash: false },
          file: { path: monitorFile },
          address: null,
          start: true,
          id: null
        },
        context
      )
      await finish(board, jobId)
    }
    await expect(run(['interface/jlink.cfg', 'target/gd32vf103.cfg'])).rejects.toMatchObject({
      code: 'board.notFound',
      hint: expect.stringContaining('lsusb')
    })
    await expect(run(['board/no-such-board.cfg'])).rejects.toMatchObject({ code: 'input.notFound' })
    await expect(run(['; exec rm'])).rejects.toMatchObject({ code: 'input.invalid' })
  })
})

describe.skipIf(need('openFPGALoader'))('openFPGALoader against a simulated FPGA on a virtual cable', () => {
  async function fpga(idcode = artix35) {
    const device = createSeries7({ idcode })
    const served = await serveXvc(device.tap)
    closers.push(() => served.close())
    return { device, target: { kind: 'xvc' as const, server: `127.0.0.1:${served.tcpPort}` } }
  }
  const sram = { memory: 'sram' as const, part: null, id: null, then: null }
  const bitstream = makeBitFile('7a35tcsg324', 40_000)

  it('reads the IDCODE of the chip', async () => {
    const { target } = await fpga()
    const { devices } = await (await bench()).boards.handlers['board.detectFpga']({ target }, context)
    expect(devices).toEqual([
      { idcode: artix35, manufacturer: 'xilinx', family: 'artix a7 35t', model: 'xc7a35' }
    ])
  })

  it('writes a bitstream into SRAM with progress', async () => {
    const { device, target } = await fpga()
    const board = await bench()
    const { jobId } = await board.boards.handlers['board.bitstream'](
      { ...sram, target, file: file('top.bit', bitstream) },
      context
    )
    await finish(board, jobId)
    expect(device.isConfigured()).toBe(true)
    expect(device.configBits()).toBeGreaterThanOrEqual(8 * 40_000)
    const { loads } = await board.boards.handlers['board.loads']({}, context)
    expect(loads[0]).toMatchObject({ loader: 'openFPGALoader', fileName: 'top.bit', boardId: null })
    expect(loads[0]!.result).toMatch(/^xc7a35: .*SRAM/)
    expect(progressOf(board).some((done) => done > 0 && done < bitstream.length)).toBe(true)
  })

  it('refuses a bitstream for another device, which openFPGALoader alone would write', async () => {
    const { device, target } = await fpga()
    const board = await bench()
    const { jobId } = await board.boards.handlers['board.bitstream'](
      { ...sram, target, file: file('top.bit', makeBitFile('7a100tcsg324', 10_000)) },
      context
    )
    await expect(finish(board, jobId)).rejects.toMatchObject({
      code: 'board.wrongBoard',
      message: expect.stringMatching(/7a100tcsg324.*xc7a35/)
    })
    expect(device.configBits()).toBe(0)
  })

  it('an unknown IDCODE, an absent cable, an unknown board and a damaged file are told apart', async () => {
    const board = await bench()
    const run = async (order: Partial<Parameters<(typeof board.boards.handlers)['board.bitstream']>[0]>) => {
      const target = order.target ?? { kind: 'board' as const, name: 'arty' }
      const { jobId } = await board.boards.handlers['board.bitstream'](
        { ...sram, file: file('top.bit', bitstream), ...order, target },
        context
      )
      await finish(board, jobId)
    }
    const unknown = await fpga(0x1234_5677)
    await expect(run({ target: unknown.target })).rejects.toMatchObject({
      code: 'board.wrongBoard',
      message: expect.stringContaining('0x12345677')
    })
    await expect(run({})).rejects.toMatchObject({
      code: 'board.notFound',
      hint: expect.stringContaining('lsusb')
    })
    await expect(run({ target: { kind: 'board', name: 'nosuchboard' } })).rejects.toMatchObject({
      code: 'input.invalid',
      message: expect.stringContaining('nosuchboard')
    })
    const { target } = await fpga()
    await expect(run({ target, file: file('top.bit', new Uint8Array(2_000).fill(7)) })).rejects.toMatchObject(
      {
        code: 'input.invalid'
      }
    )
    await expect(run({ target, file: file('top.elf', readFileSync(monitorFile)) })).rejects.toMatchObject({
      code: 'input.invalid',
      message: expect.stringContaining('is a program (ELF)')
    })
    // Succeeds in its exit status and fails in its words: version 0.10 ends with 0 here.
    await expect(run({ target, memory: 'flash' })).rejects.toMatchObject({
      code: 'input.invalid',
      message: expect.stringContaining('exact FPGA part')
    })
  })

  it('a board that keeps its program keeps its identity: nothing was written', async () => {
    const { target } = await fpga()
    const board = await bench()
    await board.boards.connect('virtual:small')
    const { jobId } = await board.boards.handlers['board.bitstream'](
      { ...sram, target, file: file('top.bit', makeBitFile('7a100tcsg324', 1_000)), id: 'virtual:small' },
      context
    )
    await expect(finish(board, jobId)).rejects.toMatchObject({ code: 'board.wrongBoard' })
    expect(board.boards.identified('virtual:small').info.isa).toMatch(/^rv32im/)
  })

  it('bitstream, then firmware: the design boots, its BIOS asks, SFL carries the program', async () => {
    const { device, target } = await fpga()
    const live = createLiveBios()
    closers.push(live.close)
    const timer = setInterval(() => device.isConfigured() && live.powerOn(), 5)
    closers.push(() => clearInterval(timer))
    const board = await bench({ openSerial: async () => live.link })
    const program = Uint8Array.from({ length: 3_000 }, (_, index) => (index * 11) & 255)
    const order = {
      ...sram,
      target,
      file: file('top.bit', bitstream),
      id: '/dev/ttyFPGA',
      then: { file: file('app.bin', program), loader: 'sfl' as const, address: 0x4000_0000, start: true }
    }
    const { jobId } = await board.boards.handlers['board.bitstream'](order, context)
    // While it runs the line is taken, by name.
    const { board: shown } = await board.boards.handlers['board.get']({ id: '/dev/ttyFPGA' }, context)
    expect(shown.leasedBy).toBe('bitstream top.bit')
    await finish(board, jobId)
    expect(live.bios.jumpedTo).toBe(0x4000_0000)
    expect(live.bios.ram.subarray(0, 3_000)).toEqual(program)
    const { loads } = await board.boards.handlers['board.loads']({}, context)
    expect(loads.map(({ loader, fileName }) => `${loader} ${fileName}`)).toEqual([
      'sfl app.bin',
      'openFPGALoader top.bit'
    ])
    expect(progressOf(board).at(-1)).toBe(bitstream.length + program.length)
  })
})

describe('tools that are absent', () => {
  it('name the package and leave the board free', async () => {
    const { createBoardToolAdapter } = await import('@main/board/tools/boardToolAdapter')
    const tools = createBoardToolAdapter({ spawn, findProgram: async () => null })
    const board = await bench({ tools })
    const found = await board.boards.handlers['board.tools']({}, context)
    expect(found.tools.map(({ name, path: at, hint }) => [name, at, hint])).toEqual([
      ['openFPGALoader', null, 'Debian: apt install openfpgaloader'],
      ['openocd', null, 'Debian: apt install openocd'],
      ['gdb-multiarch', null, 'Debian: apt install gdb-multiarch']
    ])
    expect(found.debugScripts).toEqual([])
    const { jobId } = await board.boards.handlers['board.debugLoad'](
      {
        route: { kind: 'gdb', server: '127.0.0.1:1' },
        file: { path: monitorFile },
        address: null,
        start: true,
        id: null
      },
      context
    )
    await expect(finish(board, jobId)).rejects.toMatchObject({
      code: 'tool.missing',
      hint: expect.stringContaining('gdb-multiarch')
    })
  })
})
