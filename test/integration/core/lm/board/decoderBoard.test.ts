import { describe, expect, it } from 'vitest'
import { returnedToken } from '../../../../../src/core/lm/board/decoderImage'
import { decoderBuild, planDecoder } from '../../../../../src/core/lm/board/decoderProgram'
import { createIntegerDecoder } from '../../../../../src/core/lm/integer/integerDecoder'
import { parseLmScheme } from '../../../../../src/core/lm/integer/lmScheme'
import { quantizeLm } from '../../../../../src/core/lm/integer/quantizeLm'
import type { QuantizedLm } from '../../../../../src/core/lm/integer/quantizedLm'
import { observeRanges } from '../../../../../src/core/lm/integer/ranges'
import { argmax } from '../../../../../src/core/quant/integer/runInteger'
import { createRandom } from '../../../../../src/core/math/random'
import { randomLm, tinyConfig } from '../../../../support/randomLm'
import { SimulatedBoard } from '../../../../unit/core/board/simulatedBoard'
import { decoderBinary, simulatedDecoder } from '../../../../unit/core/lm/board/simulatedDecoder'

const random = createRandom(8)
const documents = Array.from({ length: 3 }, () => Array.from({ length: 24 }, () => random.integer(270)))

function quantized(scheme: string, changes: Partial<typeof tinyConfig> = {}): QuantizedLm {
  const model = randomLm({ ...tinyConfig, ...changes }, 5)
  return quantizeLm(model, parseLmScheme(scheme, model.config), observeRanges(model, documents, 60))
}

const board = new SimulatedBoard('mid')

/** Runs the same tokens on the board and on the host; expects every logit of every step to be equal. */
function expectEqual(lm: QuantizedLm): void {
  const onBoard = simulatedDecoder(lm, board)
  const onHost = createIntegerDecoder(lm)
  expect(onBoard.check()).toBe(0)
  for (let position = 0; position < 4; position++) {
    const token = documents[2][position]
    const expected = Int32Array.from(onHost.step(token), (nats) => nats * 65536)
    const found = onBoard.step(token, position)
    expect([...found.logits]).toEqual([...expected])
    expect(found.token).toBe(argmax(expected))
    expect(new Set(expected).size).toBeGreaterThan(20)
  }
}

describe('the decoder on the board', () => {
  it.each([
    ['w8a8', {}],
    ['w4a8,kv=4', {}],
    ['w2a8', {}],
    ['w1a8,kv=4', {}],
    ['w4a4,kv=4', {}],
    ['w1a4', {}],
    ['w8a8,0.wq=w4a8,0.wk=w2a8,0.wv=w1a8,wo=w4a4,w2=w1a4,cls=w4a8,kv=4', { tied: false }],
    // Heads of 8 and of 6 values: the loops in blocks and the reference ones.
    ['w4a8,kv=4', { dim: 32, hiddenDim: 84 }],
    ['w8a8,kv=4', { dim: 24, hiddenDim: 36, kvHeads: 4 }]
  ])('gives the logits of the integer reference bit for bit: %s %o', (scheme, changes) => {
    expectEqual(quantized(scheme, changes))
  })

  it('goes on to the end of the sequence and refuses what lies beyond', () => {
    const lm = quantized('w4a8,kv=4', { sequenceLength: 9 })
    const onBoard = simulatedDecoder(lm, board)
    const onHost = createIntegerDecoder(lm)
    let token = 1
    for (let position = 0; position < 9; position++) {
      const next = argmax(onHost.step(token))
      expect(onBoard.step(token, position).token).toBe(next)
      token = next
    }
    expect(() => onBoard.step(1, 9)).toThrow(/sequence is full/)
    expect(() => onBoard.step(270, 0)).toThrow(/no such token/)
  })

  it('refuses images that do not hold together', () => {
    const onBoard = simulatedDecoder(quantized('w4a8'), board)
    const faults: [number, number, number][] = [
      [0, 0, 1],
      [4, 2, 2],
      [8, 0xffffffff, 3],
      [16, 0, 4],
      [28, 3, 4],
      [36, 65537, 4],
      [44, 2, 4],
      [56, 0xfffffff0, 3],
      [72, 1, 3],
      [76, 0xffffff00, 3]
    ]
    for (const [offset, word, reason] of faults) {
      const { bytes } = onBoard.plan.block.image
      const before = new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, true)
      onBoard.poke(offset, word)
      expect(onBoard.check(), `word at ${offset}`).toBe(0xffffff00 + reason)
      onBoard.poke(offset, before)
    }
    expect(onBoard.check()).toBe(0)
  })

  it('plans memory: packed weights, a cache that halves, and what is missing', () => {
    const full = simulatedDecoder(quantized('w8a8'), board).plan
    const { image } = full.block
    // Two layers of keys and values: 24 positions, 2 heads of 4 values.
    expect(image.memory.cacheBytes).toBe(2 * 2 * 24 * 8)
    expect(image.memory.blockBytes).toBe(
      image.bytes.length + image.memory.cacheBytes + image.memory.workBytes
    )
    const info = { xlen: 32, ram: { low: 0x80020000, high: 0x80030100 }, kernels: [] }
    expect(() => decoderBuild(info)).toThrow(expect.objectContaining({ code: 'board.unsupportedKernel' }))
    const kernels = [8, 4, 2, 1].flatMap((weightBits) =>
      [8, 4].map((activationBits) => ({
        kernel: 'matmul' as const,
        activationBits,
        weightBits,
        weightLayout: 0,
        variant: 'rv32im' as const,
        rowsMax: 1,
        scratch: { fixedBytes: 0, bytesPerInput: 0, bytesPerOutput: 0 }
      }))
    )
    const plan = (changes = {}) => {
      const lm = quantized('w8a8')
      const board = { ...info, kernels }
      const config = { ...lm.config, ...changes }
      return planDecoder({ ...lm, config }, board, decoderBinary(decoderBuild(board)))
    }
    expect(() => plan()).toThrow(expect.objectContaining({ code: 'deploy.outOfMemory' }))
    // A call has 16 bits for the token: token 65536 would be token 0 at the next position.
    expect(() => plan({ vocabulary: 65537 })).toThrow(
      expect.objectContaining({ code: 'model.unsupportedShape' })
    )
    const halved = simulatedDecoder(quantized('w8a8,kv=4'), board).plan.block.image.memory
    expect(halved.cacheBytes).toBe(image.memory.cacheBytes / 2)
  })

  it('says in words why a call returned no token', () => {
    expect(returnedToken(511, 512)).toBe(511)
    expect(() => returnedToken(0xffffff05, 512)).toThrow(/packed for other kernels/)
    expect(() => returnedToken(-1, 512)).toThrow(/reason 255/)
    expect(() => returnedToken(512, 512)).toThrow(expect.objectContaining({ code: 'board.protocol' }))
  })
})
