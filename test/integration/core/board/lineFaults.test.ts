import { describe, expect, it } from 'vitest'
import { MonitorClient } from '../../../../src/core/board/monitorClient'
import { createRandom } from '../../../../src/core/math/random'
import { AppError } from '../../../../src/shared/errors'
import { SimulatedBoard, type LineFault } from '../../../unit/core/board/simulatedBoard'

/** A line that harms bytes on a seeded schedule; every rate is per byte. */
interface Harm {
  drop?: number
  flip?: number
  duplicate?: number
  garbage?: number
  /** Chance per chunk that its end is held back until the next chunk. */
  delay?: number
}

function harmful(harm: Harm, seed: number): LineFault {
  const random = createRandom(seed)
  const happens = (rate = 0): boolean => random.next() < rate
  let held: number[] = []
  return (bytes) => {
    const out = held
    held = []
    for (const byte of bytes) {
      if (happens(harm.garbage)) for (let n = random.integer(8); n >= 0; n--) out.push(random.integer(256))
      if (happens(harm.drop)) continue
      out.push(happens(harm.flip) ? byte ^ (1 << random.integer(8)) : byte)
      if (happens(harm.duplicate)) out.push(byte)
    }
    if (out.length > 0 && happens(harm.delay)) held = out.splice(random.integer(out.length))
    return Uint8Array.from(out)
  }
}

/** Hello, upload, read back, bench over the harmed line; what came of it. */
function session(harm: Harm, seed: number): 'verified' | string {
  const board = new SimulatedBoard('small', harmful(harm, seed), harmful(harm, seed + 1))
  const client = new MonitorClient()
  const bytes = Uint8Array.from({ length: 2500 }, (_, i) => (i * 37 + seed) & 0xff)
  try {
    const info = board.converse(client.hello(seed))
    board.converse(client.upload(info.ram.low, bytes))
    const inRam = board.machine.readMemory(info.ram.low, bytes.length)
    expect(inRam).toEqual(bytes)
    expect(board.converse(client.read(info.ram.low + 100, 700))).toEqual(bytes.slice(100, 800))
    const request = {
      kernel: 'add' as const,
      activationBits: 8,
      weightBits: 0,
      dims: [50],
      repetitions: 12,
      seed
    }
    const first = board.converse(client.bench(request))
    const again = board.converse(client.bench(request))
    expect(again).toEqual(first)
    expect(first.instructions).toHaveLength(12)
    return 'verified'
  } catch (error) {
    if (error instanceof AppError) return error.code
    throw error
  }
}

describe('a session over a bad line', () => {
  const kinds: [string, Harm][] = [
    ['drops', { drop: 5e-4 }],
    ['flips', { flip: 5e-4 }],
    ['duplicates', { duplicate: 5e-4 }],
    ['garbage', { garbage: 5e-4 }],
    ['delays', { delay: 0.05 }],
    ['everything', { drop: 2e-4, flip: 2e-4, duplicate: 2e-4, garbage: 2e-4, delay: 0.02 }]
  ]
  it.each(kinds)('ends verified in spite of %s', (_, harm) => {
    for (let seed = 1; seed <= 3; seed++) expect(session(harm, 1000 * seed), `seed ${seed}`).toBe('verified')
  })

  it('ends with a named error, never with wrong data, when the line is beyond use', () => {
    for (let seed = 1; seed <= 4; seed++) {
      const outcome = session({ drop: 0.05, flip: 0.05 }, 7 * seed)
      expect(['board.timeout', 'board.notMonitor', 'verified']).toContain(outcome)
    }
  })

  it('repeats no run: a request whose answer was lost is answered from memory', () => {
    let dropNext = false
    const board = new SimulatedBoard('small', undefined, (bytes) => {
      if (!dropNext || bytes.length === 0) return bytes
      dropNext = false
      return new Uint8Array(0)
    })
    const client = new MonitorClient()
    const info = board.converse(client.hello(1))
    // lw a1,0(a0); addi a1,a1,1; sw a1,0(a0); mv a0,a1; ret: each execution leaves a trace
    const code = new Uint32Array([0x00052583, 0x00158593, 0x00b52023, 0x00058513, 0x00008067])
    const counter = info.ram.low + 64
    board.converse(client.upload(info.ram.low, new Uint8Array(code.buffer)))
    board.converse(client.upload(counter, new Uint8Array(4)))
    expect(board.converse(client.call(info.ram.low, counter, 0)).returned).toBe(1)
    const repeats = client.statistics.repeats
    dropNext = true
    expect(board.converse(client.call(info.ram.low, counter, 0)).returned).toBe(2)
    expect(client.statistics.repeats).toBe(repeats + 1)
    expect(board.machine.readMemory(counter, 4)[0]).toBe(2)
  })

  it('shows what the line said when no monitor answers', () => {
    const text = new TextEncoder().encode('login: ')
    const board = new SimulatedBoard(
      'small',
      () => new Uint8Array(0),
      (bytes) => (bytes.length > 0 ? text : bytes)
    )
    const client = new MonitorClient()
    let caught: unknown
    try {
      board.converse(client.hello(3))
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(AppError)
    expect(caught).toMatchObject({ code: 'board.notMonitor', details: { received: 'login: ' } })
    expect((caught as AppError).hint).not.toBe('')
    expect(board.waitedMs).toBeLessThan(5_000)
  })
})
