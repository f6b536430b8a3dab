import { describe, expect, it } from 'vitest'
import { supportedOperators } from '@core/model/onnx/readNodes'
import { compareWithOnnxruntime } from '../../../support/importAgreement'
import { randomOnnx, randomOperator } from '../../../support/randomOnnx'

/** A few cases of each kind; hundreds more run in test/integration/main/model/files/importAgreement. */
describe('what is read of ONNX has the values of onnxruntime', () => {
  // onnxruntime does not know it.
  const names = supportedOperators.filter((name) => name !== 'RequantShift')
  it.each(names)('%s', async (opType) => {
    let equal = 0
    for (let seed = 101; seed <= 103 && equal < 2; seed++) {
      const model = randomOperator(opType, seed)
      if (model === null) continue
      const result = await compareWithOnnxruntime(model, seed)
      expect(result.kind === 'wrong' ? `seed ${seed}: ${result.message}` : '').toBe('')
      if (result.kind === 'equal') equal++
    }
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
