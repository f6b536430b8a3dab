import { describe, expect, it } from 'vitest'
import { parameterCount } from '../../../../src/core/lm/config'
import { checkpointBytes, readCheckpoint, writeCheckpoint } from '../../../../src/core/lm/checkpoint'
import { AppError } from '../../../../src/shared/errors'
import { randomLm, tinyConfig } from '../../../support/randomLm'

const failure = (run: () => unknown): AppError => {
  try {
    run()
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.from(a).equals(b)

describe('checkpoints of llama2.c', () => {
  it('counts the parameters and bytes of the published model of 260 thousand', () => {
    // 512 x 64 + 5 (2 x 64 + 2 x 64 x 64 + 2 x 64 x 32 + 3 x 64 x 172) + 64
    const config = {
      ...tinyConfig,
      dim: 64,
      hiddenDim: 172,
      layers: 5,
      heads: 8,
      kvHeads: 4,
      vocabulary: 512
    }
    expect(parameterCount({ ...config, sequenceLength: 512 })).toBe(260032)
    expect(checkpointBytes({ ...config, sequenceLength: 512 })).toBe(28 + 4 * (260032 + 512 * 8))
    expect(parameterCount({ ...config, tied: false })).toBe(260032 + 512 * 64)
  })

  it.each([true, false])('reads what it writes (tied: %s)', (tied) => {
    const model = randomLm({ ...tinyConfig, tied }, 3)
    const bytes = writeCheckpoint(model)
    expect(bytes.length).toBe(checkpointBytes(model.config))
    const read = readCheckpoint(bytes)
    expect(read.config).toEqual(model.config)
    expect(Array.from(read.layers[1].w2)).toEqual(Array.from(model.layers[1].w2))
    expect(same(writeCheckpoint(read), bytes)).toBe(true)
  })

  it('reads a file that lies at an odd place of a larger buffer', () => {
    const bytes = writeCheckpoint(randomLm(tinyConfig, 3))
    const shifted = new Uint8Array(bytes.length + 1)
    shifted.set(bytes, 1)
    expect(same(writeCheckpoint(readCheckpoint(shifted.subarray(1))), bytes)).toBe(true)
  })

  const header = (...values: number[]): Uint8Array => new Uint8Array(Int32Array.from(values).buffer)

  it.each([
    ['empty', new Uint8Array(0), /0 bytes, its header/],
    ['only a header', header(16, 40, 2, 4, 2, 270, 24), /28 bytes; one of its sizes has/],
    ['a later version', header(0x616b3432, 2, 0, 0, 0, 0, 0), /version 2/],
    ['no width', header(0, 40, 2, 4, 2, 270, 24), /dim is 0/],
    ['a negative depth', header(16, 40, -2, 4, 2, 270, 24), /layers is -2/],
    ['the most negative vocabulary', header(16, 40, 2, 4, 2, -(2 ** 31), 24), /vocabulary is 2147483648/],
    ['a width no multiple of the heads', header(18, 40, 2, 4, 2, 270, 24), /18 is no multiple of 4/],
    ['odd heads', header(12, 40, 2, 4, 2, 270, 24), /a head has 3 values/],
    ['heads that cannot be shared', header(16, 40, 2, 4, 3, 270, 24), /4 heads cannot share 3/],
    ['huge sizes', header(8192, 32768, 128, 256, 256, 262144, 65536), /28 bytes; one of its sizes/],
    ['noise', Uint8Array.from({ length: 999 }, (_, at) => (at * 37) & 255), /not usable/]
  ])('refuses a file with %s', (_, bytes, message) => {
    const error = failure(() => readCheckpoint(bytes))
    expect(error.code).toBe('model.invalid')
    expect(error.message).toMatch(message)
    expect(error.hint).not.toBe('')
  })

  it('refuses a byte too few, a byte too many, and values that are no numbers', () => {
    const bytes = writeCheckpoint(randomLm(tinyConfig, 3))
    expect(failure(() => readCheckpoint(bytes.subarray(1))).code).toBe('model.invalid')
    expect(failure(() => readCheckpoint(new Uint8Array([...bytes, 0]))).code).toBe('model.invalid')
    new DataView(bytes.buffer).setFloat32(28 + 4 * (270 * 16 + 2 * 16 + 300), NaN, true)
    expect(failure(() => readCheckpoint(bytes)).message).toMatch(/wq of layer 1 that is not a finite/)
  })
})
