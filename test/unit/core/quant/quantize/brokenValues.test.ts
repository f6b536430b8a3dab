import { describe, expect, it } from 'vitest'
import type { GraphNode } from '@core/model/graph'
import { measureActivationRanges } from '@core/quant/quantize/calibration'
import { GraphBuilder } from '../operatorGraphs'

/** Two inputs of 2 at a scale of 1, behind an item of 2 and -2 that both nodes can do. */
const items = Uint8Array.of(130, 126, 130, 130, 130, 130)
const broken: [string, GraphNode][] = [
  [
    'infinite sums',
    {
      ...{ op: 'dense', name: 'bad', inputs: [-1], outputShape: [1], relu: false },
      ...{ weights: Float32Array.of(3e38, 3e38), bias: new Float32Array(1) }
    }
  ],
  [
    // Equal inputs have a variance of 0.
    'quotients of 0 by 0',
    {
      ...{ op: 'normalize', name: 'bad', inputs: [-1], outputShape: [2], centred: true, epsilon: 0 },
      ...{ scale: Float32Array.of(1, 1), shift: new Float32Array(2) }
    }
  ]
]

describe('calibration', () => {
  it.each(broken)('refuses %s with the node', (_, node) => {
    const builder = new GraphBuilder(1, [2], { scale: 1, zero: 0 })
    builder.push(node)
    expect(() => measureActivationRanges(builder.done(), items)).toThrow(
      expect.objectContaining({
        code: 'model.invalid',
        message:
          'The values of node "bad" are infinite or not numbers (NaN) for calibration item 2, and for 2 of the 3 items from 1 on.'
      })
    )
  })
})
