import { spawn } from 'node:child_process'
import { closeSync, constants, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { expectedChecksum } from '@core/profile/expectedChecksum'
import { litexBoardCsv } from '@core/sim/boards/litexBoard'
import { createQmp } from '@main/board/links/qmp'
import { type PipedChild, spawnTethered } from '@main/board/links/killWithParent'
import { boardContract, type Board } from '@shared/contract/board'
import { type BoardBench, createBoardBench } from '../support/boardBench'
import { hasTool, sayskip } from '../support/ptyPair'

/** A board that is in its boot loader becomes a Bitbench board by one command, and computes. */
const context = { signal: new AbortController().signal }
let bench: BoardBench
beforeAll(async () => {
  bench = await createBoardBench()
})
afterAll(() => bench.close())

const call = <K extends keyof BoardBench['boards']['handlers']>(
  name: K,
  input: unknown
): ReturnType<BoardBench['boards']['handlers'][K]> => {
  const args = boardContract.commands[name].in.parse(input)
  return bench.boards.handlers[name](args as never, context) as never
}

async function boot(input: { id: string; loader?: string; description?: unknown }): Promise<Board> {
  const { jobId } = await call('board.boot', input)
  await bench.jobs.idle()
  const job = bench.jobs.list().find((one) => one.id === jobId)!
  if (job.state !== 'done') throw Object.assign(new Error(job.error?.message ?? job.state), job.error)
  const { loads } = await call('board.loads', {})
  expect(loads[0]).toMatchObject({ jobId, boardId: input.id })
  return (await call('board.get', { id: input.id })).board
}

/** The board's own arithmetic against the host's. */
async function computes(id: string): Promise<void> {
  const item = { kernel: 'matmul', activationBits: 4, weightBits: 2, dims: [4, 8, 64] } as const
  const { checksum, instructions } = await bench.boards.withLease(id, 'test', (session) =>
    session.bench({ ...item, dims: [...item.dims], repetitions: 2, seed: 9 })
  )
  expect(checksum).toBe(expectedChecksum({ ...item, dims: [...item.dims] }, 9))
  expect(instructions[0]).toBeGreaterThan(1_000)
}

describe('boot of the virtual LiteX SoC', () => {
  const id = 'virtual:litex'
  afterEach(() => bench.boards.disconnect(id))

  it('goes from BIOS to benchmark', async () => {
    const board = await boot({ id })
    expect(board).toMatchObject({ state: 'connected', unit: 'cycles', origin: 'simulated' })
    expect(board.info).toMatchObject({ coreName: 'virtual-litex', clockHz: 100_000_000 })
    // What the monitor said when it started was waited for, and is in the console all the same.
    const { chunks } = await call('board.console', { id })
    expect(chunks.map(({ text }) => text).join('')).toContain('Bitbench monitor')
    await computes(id)
  })

  it('says what it is when it is asked for a monitor, and takes a description from a file', async () => {
    await expect(bench.boards.connect(id)).rejects.toMatchObject({
      code: 'board.notMonitor',
      message: expect.stringContaining('litex>') as string
    })
    const folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-soc-'))
    try {
      const file = path.join(folder, 'csr.csv')
      writeFileSync(file, litexBoardCsv())
      expect((await boot({ id, loader: 'sfl', description: { path: file } })).info?.coreName).toBe(
        'virtual-litex'
      )
      const wrong = { name: 'csr.csv', base64: Buffer.from('name,price\n').toString('base64') }
      await expect(call('board.boot', { id, description: wrong })).rejects.toMatchObject({
        code: 'input.invalid'
      })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('refuses a loader of another kind, and names the one that it has', async () => {
    await expect(boot({ id, loader: 'ymodem' })).rejects.toMatchObject({
      code: 'input.invalid',
      hint: expect.stringContaining('sfl') as string
    })
  })
})

const ubootFile = '/usr/lib/u-boot/qemu-riscv64/u-boot.bin'
const missing = [
  ...(hasTool('qemu-system-riscv64') ? [] : ['qemu-system-riscv64']),
  ...(existsSync(ubootFile) ? [] : ['u-boot-qemu'])
]
if (missing.length > 0) sayskip('boot of a bare U-Boot board', missing.join(' and '))

describe.skipIf(missing.length > 0)('boot of a bare U-Boot board', () => {
  let child: PipedChild
  let port = ''
  let hold = -1
  beforeAll(async () => {
    child = spawnTethered(spawn, 'qemu-system-riscv64', [
      ...['-M', 'virt', '-display', 'none', '-S', '-serial', 'pty', '-qmp', 'stdio', '-bios', ubootFile]
    ])
    const qmp = createQmp(child.stdin, child.stdout)
    await qmp.ready
    await qmp.execute('qmp_capabilities')
    const devices = (await qmp.execute('query-chardev')) as { label: string; filename: string }[]
    port = devices.find((device) => device.label === 'serial0')!.filename.slice('pty:'.length)
    // A cable that stays plugged in, as QEMU sees it.
    hold = openSync(port, constants.O_RDWR | constants.O_NOCTTY)
    await qmp.execute('cont')
  })
  afterAll(() => {
    if (hold >= 0) closeSync(hold)
    child.kill('SIGKILL')
  })

  it('goes from U-Boot’s prompt to benchmark over a port', async () => {
    const board = await boot({ id: port })
    expect(board.info).toMatchObject({ coreName: 'qemu-virt', xlen: 64 })
    // A port, but an emulator behind it: nothing that it counts is passed off as measured cycles.
    expect(board).toMatchObject({ kind: 'serial', unit: 'instructions', origin: 'simulated' })
    expect(board.info!.ram.low).toBeGreaterThan(0x8080_0000)
    await computes(port)
    await bench.boards.disconnect(port)
    // Whoever opens the port next finds a Bitbench board.
    expect((await bench.boards.connect(port)).info.xlen).toBe(64)
    await computes(port)
  })
})
