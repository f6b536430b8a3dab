import { describe, expect, it } from 'vitest'
import { offers, gatesOf } from '@main/workload/runner/ablation'
import { describeLayers } from '@main/workload/runner/layers'
import { lowered, offeredPrecisions } from '@main/workload/runner/precisions'
import { temporaryFolder } from '../../../../support/temporaryFolder'
import { openSmall, smallClassifier, smallSet } from './runnerNetwork'

const folder = temporaryFolder()

describe('a network with its test set', () => {
  it('is run two samples at a time, the last pass with what is left', async () => {
    const subject = await openSmall(folder)
    expect(subject.batch).toBe(2)
    expect(subject.testBatches.map((feeds) => [...(feeds['x']!.data as Float32Array)])).toEqual([
      [1, 2, 3, -1, 0, 1],
      [4, 1, 0]
    ])
    expect(subject.testBatches.map((feeds) => feeds['x']!.dims)).toEqual([
      [2, 3],
      [1, 3]
    ])
    expect(subject.calibrationBatches.map((feeds) => [...(feeds['x']!.data as Float32Array)])).toEqual([
      [1, 1, 1, 3, 1, -1]
    ])
    expect([...subject.weighted].map(({ name }) => name)).toEqual(['/fc1/Gemm', '/fc2/Gemm'])
  })

  it('captures values between layers, and gives back what is fed', async () => {
    const { capture, testBatches, typeOf, shapeOf, constants } = await openSmall(folder)
    const seen = await capture(['h', 'x'], testBatches[0]!)
    expect([...(seen['h']!.data as Float32Array)]).toEqual([1, 6, 6, -1, 0, 2])
    expect(seen['x']).toBe(testBatches[0]!['x'])
    expect([typeOf('h'), shapeOf('h'), shapeOf('w2'), shapeOf('nothing')]).toEqual([
      'float32',
      [2, 3],
      [2, 3],
      undefined
    ])
    expect([...constants('w2').data]).toEqual([1, 0, 1, 0, 1, 1])
    expect(() => constants('b1')).toThrow(/b1/)
  })

  it('takes a test set below the batch as one pass, and no more samples than it may', async () => {
    const all = await openSmall(folder, smallClassifier, smallSet, { batch: 8 })
    expect([all.batch, all.testBatches.length]).toEqual([3, 1])
    const one = await openSmall(folder, smallClassifier, smallSet, { samples: 1 })
    expect([one.batch, one.testBatches.length, one.test.test.length]).toEqual([1, 1, 1])
    // Two samples to calibrate on are two passes of one.
    expect(one.calibrationBatches).toHaveLength(2)
  })

  it('takes whole passes alone where the file fixes the batch, and refuses fewer samples', async () => {
    const fixed = {
      ...smallClassifier,
      inputs: [{ ...smallClassifier.inputs[0]!, dims: [2, 3] }],
      outputs: [{ ...smallClassifier.outputs[0]!, dims: [2, 2] }]
    }
    const { batch, testBatches } = await openSmall(folder, fixed, smallSet, { batch: 8 })
    expect([batch, testBatches.length]).toEqual([2, 1])
    await expect(openSmall(folder, fixed, smallSet.slice(0, 1))).rejects.toMatchObject({
      code: 'data.invalid'
    })
  })

  it('is refused by a provider that is not there, with another hint than on the processor', async () => {
    await expect(openSmall(folder, smallClassifier, smallSet, { provider: 'nothing' })).rejects.toMatchObject(
      { code: 'input.unsupported', hint: expect.stringContaining('"cpu"') as string }
    )
    const broken = {
      ...smallClassifier,
      nodes: smallClassifier.nodes.map((node) => ({ ...node, opType: `${node.opType}Unknown` }))
    }
    await expect(openSmall(folder, broken)).rejects.toMatchObject({
      hint: expect.stringContaining('on a processor') as string
    })
  })
})

describe('layers of a network', () => {
  it('count parameters and multiply-accumulates of the batch', async () => {
    const layers = describeLayers(await openSmall(folder))
    // Two samples: 2 x 3 x 3 and 2 x 3 x 2.
    expect(layers.map(({ group, parameters, macs, sameAs }) => [group.id, parameters, macs, sameAs])).toEqual(
      [
        ['fc1', 12, 18, undefined],
        ['act', 0, 0, undefined],
        ['fc2', 8, 12, undefined]
      ]
    )
  })

  it('can be replaced by their mean, and by an input of the same shape', async () => {
    const gates = await gatesOf(await openSmall(folder))
    expect(gates.map(({ layer, output, input }) => [layer, output, input])).toEqual([
      ['fc1', 'h', 'x'],
      ['fc2', 'logits', null]
    ])
    expect(gates.map(({ mean }) => [mean!.dims, [...mean!.data]])).toEqual([
      [
        [1, 3],
        [2, 3, 0]
      ],
      [
        [1, 2],
        [3, 4]
      ]
    ])
    expect(['zero', 'mean', 'skip'].map((kind) => offers(gates[1]!, kind as 'zero'))).toEqual([
      true,
      true,
      false
    ])
    expect(offers({ ...gates[0]!, mean: null }, 'mean')).toBe(false)
  })
})

describe('precisions', () => {
  it('are tried on the runtime', async () => {
    const offered = await offeredPrecisions(await openSmall(folder))
    expect(offered.filter(({ reason }) => reason === null).map(({ precision }) => precision)).toEqual(
      expect.arrayContaining(['fp32', 'int8Dynamic', 'int8Static'])
    )
    const none = await offeredPrecisions({ open: () => Promise.reject(new Error('x'.repeat(400))) })
    expect(none.map(({ reason }) => reason)).toEqual(none.map(() => 'x'.repeat(300)))
  })

  it('of fixed ranges cover what calibration saw, zero included', async () => {
    const { model } = await lowered(await openSmall(folder), 'int8Static')
    const scales = model.initializers.filter(
      ({ data, dims }) => data instanceof Float32Array && dims.length === 0
    )
    // x over [-1, 3], and ReLU's output over [0, 3]: 255 steps each.
    const values = scales.map(({ data }) => Number(data[0]))
    expect(values.some((value) => Math.abs(value - 4 / 255) < 1e-6)).toBe(true)
    expect(values.some((value) => Math.abs(value - 3 / 255) < 1e-6)).toBe(true)
  })
})
