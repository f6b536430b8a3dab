import { describe, expect, it } from 'vitest'
import { crc32 } from '../../../../src/core/binary/crc'
import { MonitorClient } from '../../../../src/core/board/monitorClient'
import { createRandom } from '../../../../src/core/math/random'
import { corePresets } from '../../../../src/core/sim/boards/presets'
import { AppError } from '../../../../src/shared/errors'
import { SimulatedBoard } from './simulatedBoard'

const randomBytes = (length: number, seed: number): Uint8Array => {
  const random = createRandom(seed)
  return Uint8Array.from({ length }, () => random.integer(256))
}

function refused(action: () => unknown): AppError {
  try {
    action()
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('Nothing was refused')
}

describe('the monitor on the virtual board', () => {
  const board = new SimulatedBoard('small')
  let text = ''
  const client = new MonitorClient({ onText: (bytes) => (text += new TextDecoder().decode(bytes)) })
  const info = board.converse(client.hello(0x12345678))

  it('prints a banner and says what it is', () => {
    expect(text).toMatch(
      /^\r\nBitbench monitor 1\.0\.0, gcc .*, rv32imac_zicsr, RAM 0x800[12][08]000-0x80100000\. '\?' for help\.\r\n$/
    )
    expect(info).toMatchObject({
      protocolVersion: 1,
      coreName: 'virtual-small',
      clockHz: corePresets.small.clockHz,
      counters: { cycles: true, instructions: true },
      xlen: 32,
      isa: 'rv32imac_zicsr'
    })
    expect(info.ram.high).toBe(0x80100000)
    for (const kernel of ['matmul', 'conv2d', 'depthwiseConv2d'] as const) {
      expect(info.kernels.filter((entry) => entry.kernel === kernel)).toHaveLength(16)
    }
  })

  it('answers a question mark typed at a terminal', () => {
    text = ''
    board.converse(
      (function* () {
        yield { kind: 'send', bytes: new Uint8Array([0x3f]) } as const
      })()
    )
    board.converse(client.echo(new Uint8Array([1])))
    expect(text).toContain('core virtual-small, build 0x')
    expect(text).toContain('counters mcycle minstret')
  })

  it.each([128 << 10, 512 << 10, 2 << 20, 64 << 20])('finds the end of %i bytes of RAM', (ramBytes) => {
    const other = new SimulatedBoard({ ...corePresets.high, ramBytes })
    const found = other.converse(new MonitorClient().hello(1))
    expect(found.ram.high).toBe(0x80000000 + ramBytes)
  })

  it('loads, reads back and sums memory', () => {
    const bytes = randomBytes(5000, 1)
    expect(board.converse(client.upload(0x80020001, bytes))).toEqual({ crc: crc32(bytes) })
    expect(board.converse(client.read(0x80020001, 5000))).toEqual(bytes)
    expect(board.converse(client.echo(bytes.subarray(0, 1024)))).toEqual(bytes.slice(0, 1024))
  })

  it('refuses addresses outside usable RAM, before sending and on the board', () => {
    const bytes = new Uint8Array(16)
    expect(refused(() => board.converse(client.upload(info.ram.low - 4, bytes))).code).toBe(
      'board.addressRange'
    )
    expect(refused(() => board.converse(client.upload(info.ram.high - 8, bytes))).code).toBe(
      'board.addressRange'
    )
    const big = refused(() => board.converse(client.upload(info.ram.low, new Uint8Array(2 << 20))))
    expect(big.code).toBe('board.outOfMemory')
    for (const address of [0x80000000, info.ram.high - 1, 0, 0xfffffff0]) {
      const error = refused(() => board.converse(client.read(address, 16)))
      expect(error.code).toBe('board.addressRange')
      expect(error.details).toMatchObject(info.ram)
    }
  })

  it('benches the same outputs with the fast and the reference kernel, faster with the fast one', () => {
    const request = { activationBits: 8, weightBits: 8, repetitions: 3, seed: 7, dims: [16, 64, 256] }
    const fast = board.converse(client.bench({ kernel: 'matmul', ...request }))
    const reference = board.converse(client.bench({ kernel: 'matmul', ...request, reference: true }))
    expect(fast.checksum).toBe(reference.checksum)
    expect(new Set(fast.instructions).size).toBe(1)
    expect(fast.instructions[0]).toBeLessThan(reference.instructions[0]!)
  })

  it('says how much RAM a bench lacks', () => {
    const request = { kernel: 'matmul' as const, activationBits: 8, weightBits: 8, repetitions: 1, seed: 1 }
    const error = refused(() => board.converse(client.bench({ ...request, dims: [1024, 1024, 1024] })))
    expect(error.code).toBe('board.outOfMemory')
    expect(error.details).toMatchObject({ availableBytes: info.ram.high - info.ram.low })
    expect(error.details?.['neededBytes']).toBeGreaterThan(1 << 20)
    const huge = refused(() => board.converse(client.bench({ ...request, dims: [65535, 65535, 65535] })))
    expect(huge.code).toBe('board.outOfMemory')
  })

  it('refuses a bench no kernel is for and dims that no frame carries', () => {
    const request = { kernel: 'matmul' as const, weightBits: 8, repetitions: 1, seed: 1 }
    const three = refused(() =>
      board.converse(client.bench({ ...request, activationBits: 3, dims: [1, 1, 1] }))
    )
    expect(three.code).toBe('board.unsupportedKernel')
    const zero = refused(() =>
      board.converse(client.bench({ ...request, activationBits: 8, dims: [0, 1, 1] }))
    )
    expect(zero.code).toBe('board.refused')
    const big = refused(() =>
      board.converse(client.bench({ ...request, activationBits: 8, dims: [70_000, 1, 1] }))
    )
    expect(big.code).toBe('input.invalid')
  })

  it('outlives every kind of trap in called code', () => {
    const traps: [string, number[], number][] = [
      ['illegal instruction', [0x00000000], 2],
      ['breakpoint', [0x00100073], 3],
      ['environment call from M-mode', [0x00000073], 11],
      // lui a0,0x40000; lw a0,0(a0): nothing is there
      ['load access fault', [0x40000537, 0x00052503], 5],
      ['store access fault', [0x40000537, 0x00a52023], 7]
    ]
    for (const [name, code, mcause] of traps) {
      board.converse(client.upload(info.ram.low, new Uint8Array(new Uint32Array(code).buffer)))
      const error = refused(() => board.converse(client.call(info.ram.low, 0, 0)))
      expect(error.code).toBe('board.faulted')
      expect(error.details).toMatchObject({ mcause })
      expect(error.message).toContain(name)
    }
    // li gp,0; li tp,0; csrw mtvec,zero; li a0,42; ret: registers the monitor relies on
    const rude = new Uint32Array([0x00000193, 0x00000213, 0x30501073, 0x02a00513, 0x00008067])
    board.converse(client.upload(info.ram.low, new Uint8Array(rude.buffer)))
    expect(board.converse(client.call(info.ram.low, 0, 0)).returned).toBe(42)
    board.converse(client.upload(info.ram.low, new Uint8Array(8)))
    expect(refused(() => board.converse(client.call(info.ram.low, 0, 0))).code).toBe('board.faulted')
  })

  it('starts anew after a reset', () => {
    text = ''
    board.converse(client.reset())
    expect(client.info).toBeNull()
    expect(refused(() => board.converse(client.upload(info.ram.low, new Uint8Array(1)))).code).toBe(
      'board.notConnected'
    )
    expect(board.converse(client.hello(99)).buildId).toBe(info.buildId)
    expect(text).toContain('Bitbench monitor')
  })

  it('tells a command it does not know from one of the wrong length', () => {
    const exchange = client as unknown as { exchange: { request: (...args: unknown[]) => never } }
    const short = refused(() => board.converse(exchange.exchange.request('crc', new Uint8Array(3))))
    expect(short.code).toBe('board.protocol')
    expect(short.details).toMatchObject({ status: 'badLength' })
  })
})
