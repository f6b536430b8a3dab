import { expect, it } from 'vitest'
import { writtenLimits } from '@core/model/constants/quantized'
import { readOnnx } from '@core/model/onnx/importOnnx'
import { int, type OnnxNode } from '@core/model/onnx/onnx'
import { createOnnxBuilder } from '@core/model/onnx/onnxBuilder'

const quantize = (type: number): OnnxNode => ({
  ...{ name: 'q', opType: 'QuantizeLinear', domain: '', inputs: ['x', 's'], outputs: ['y'] },
  attributes: { output_dtype: int(type) }
})

// Element types of onnx.proto.
it.each([
  [0, [0, 255]],
  [2, [0, 255]],
  [3, [-128, 127]],
  [4, [0, 65_535]],
  [5, [-32_768, 32_767]],
  [21, [0, 15]],
  [22, [-8, 7]]
])('codes of element type %i end where its integers do', (type, limits) => {
  expect(writtenLimits(quantize(type), undefined)).toEqual(limits)
})

it.each([17, 19, 23])('codes of element type %i, which is no integer, are refused', (type) => {
  const builder = createOnnxBuilder()
  const scale = builder.scalar(0.5)
  const x = builder.input('x', 'float32', [1, 4])
  const codes = builder.node('QuantizeLinear', [x, scale], { output_dtype: int(type) })
  builder.output(builder.node('Relu', [builder.node('DequantizeLinear', [codes, scale])]), 'y', 'float32')
  const { imported, obstacles } = readOnnx(builder.build('narrow'))
  expect(imported).toBeNull()
  expect(obstacles[0]).toMatchObject({
    message: expect.stringContaining(`codes of ONNX element type ${type} are not supported`) as unknown,
    hint: 'Quantize to int8 or uint8 and export again.'
  })
})
