import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { int, type OnnxModel, type OnnxNode, type OnnxTensor } from '@core/model/onnx/onnx'
import { encodeOnnx } from '@main/model/files/onnxFile'
import type { Print } from '@main/workload/runner/printer'
import { openSubject, type Subject, type SubjectOptions } from '@main/workload/runner/subject'

const node = (
  name: string,
  opType: string,
  inputs: string[],
  output: string,
  attributes: OnnxNode['attributes'] = {}
): OnnxNode => ({ ...{ name, opType, domain: '', inputs, outputs: [output], attributes } })
const tensor = (name: string, dims: number[], data: number[]): OnnxTensor => ({
  ...{ name, dims, data: Float32Array.from(data) }
})

/**
 * x [batch, 3] -> x · diag(1, 3, 2) + [0, 0, 0] -> ReLU -> · [[1, 0], [0, 1], [1, 1]] -> logits [batch, 2]:
 * x = [1, 2, 3] gives h = [1, 6, 6] and logits [7, 12].
 */
export const smallClassifier: OnnxModel = {
  ...{ name: 'small', opset: 17, metadata: {} },
  nodes: [
    node('/fc1/Gemm', 'Gemm', ['x', 'w1', 'b1'], 'h'),
    node('/act/Relu', 'Relu', ['h'], 'r'),
    node('/fc2/Gemm', 'Gemm', ['r', 'w2', 'b2'], 'logits', { transB: int(1) })
  ],
  initializers: [
    tensor('w1', [3, 3], [1, 0, 0, 0, 3, 0, 0, 0, 2]),
    tensor('b1', [3], [0, 0, 0]),
    tensor('w2', [2, 3], [1, 0, 1, 0, 1, 1]),
    tensor('b2', [2], [0, 0])
  ],
  inputs: [{ name: 'x', elementType: 'float32', dims: ['batch', 3] }],
  outputs: [{ name: 'logits', elementType: 'float32', dims: ['batch', 2] }]
}

/** Three test samples and two to calibrate on, whose h is [1, 3, 2] and [3, 3, -2]. */
export const smallSet = [
  { inputs: { x: [1, 2, 3] }, label: 1 },
  { inputs: { x: [-1, 0, 1] }, label: 0 },
  { inputs: { x: [4, 1, 0] }, label: 0 },
  { part: 'calibration', inputs: { x: [1, 1, 1] } },
  { part: 'calibration', inputs: { x: [3, 1, -1] } }
]

/** Opens a model with a test set that is written below `folder`, on the processor, two samples a pass where `more` gives no other number. */
export function openSmall(
  folder: string,
  model: OnnxModel = smallClassifier,
  rows: readonly object[] = smallSet,
  options: Partial<SubjectOptions> = {}
): Promise<Subject> {
  const dataFile = path.join(folder, 'rows.jsonl')
  writeFileSync(dataFile, rows.map((row) => JSON.stringify(row)).join('\n'))
  const files = { read: () => Promise.resolve(model), encode: encodeOnnx }
  return openSubject({
    ...{ files, modelFile: 'small.onnx', dataFile, batch: 2, provider: 'cpu', threads: 1 },
    ...{ samples: 100, half: 'widened', ...options }
  })
}

/** What a runner printed. */
export function printed(): { print: Print; events: Record<string, unknown>[] } {
  const events: Record<string, unknown>[] = []
  return { print: (event) => void events.push(event), events }
}
