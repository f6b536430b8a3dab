import { describe, expect, it } from 'vitest'
import { supportedOperators } from '@core/model/onnx/readNodes'
import { compareCasesOf, compareWithOnnxruntime } from '../../../support/importAgreement'
import { randomOnnx } from '../../../support/randomOnnx'

/** A few cases of each kind; hundreds more run in test/integration/main/model/files/importAgreement. */
describe('what is read of ONNX has the values of onnxruntime', () => {
  // onnxruntime does not know it.
  const names = supportedOperators.filter((name) => name !== 'RequantShift')
  it.each(names)('%s', async (opType) => {
    const { equal, wrong } = await compareCasesOf(opType, [101, 102, 103], 2)
    expect(wrong).toBe('')
    expect(equal).toBeGreaterThan(0)
  })

  it('random graphs', async () => {
    const kinds: string[] = []
    for (let seed = 5001; seed <= 5040; seed++) {
      const result = await compareWithOnnxruntime(randomOnnx(seed), seed)
      kinds.push(result.kind === 'wrong' ? `seed ${seed}: ${result.message}` : result.kind)
    }
    expect(kinds.filter((kind) => kind.startsWith('seed'))).toEqual([])
    expect(kinds.filter((kind) => kind === 'equal').length).toBeGreaterThan(35)
  })
})
