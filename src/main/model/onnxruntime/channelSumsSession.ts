import * as ort from 'onnxruntime-node'
import { int, ints } from '../../../core/model/onnx/onnx'
import { createOnnxBuilder } from '../../../core/model/onnx/onnxBuilder'
import type { ChannelSums, ChannelSumsRequest } from '../../../core/quant/quantize/channelSums'
import { openOrtSession, realTensor, tensorReals } from './ortSession'

let session: Promise<ort.InferenceSession> | undefined

/** A ChannelSumsRequest in onnxruntime, one thread. */
export async function channelSumsOnOrt(request: ChannelSumsRequest): Promise<ChannelSums> {
  const { bytes, targets, rows, channels } = request
  const taps = bytes.length / (rows * channels)
  session ??= openChannelSums()
  const opened = await session
  const { means, squares, cross } = await opened.run({
    bytes: new ort.Tensor('uint8', bytes, [taps * rows, channels]),
    targets: realTensor(targets, [channels, rows, 1]),
    shape: new ort.Tensor('int64', BigInt64Array.of(BigInt(channels), BigInt(taps), BigInt(rows)), [3])
  })
  return { means: tensorReals(means), squares: tensorReals(squares), cross: tensorReals(cross) }
}

function openChannelSums(): Promise<ort.InferenceSession> {
  const builder = createOnnxBuilder()
  const bytes = builder.input('bytes', 'uint8', ['values', 'channels'])
  const targets = builder.input('targets', 'float32', ['channels', 'rows', 1])
  const shape = builder.input('shape', 'int64', [3])
  // Transposed as a matrix of bytes, which is fast; of three dimensions it is not.
  const turned = builder.node('Transpose', [bytes], { perm: ints([1, 0]) })
  const reals = builder.node('Cast', [builder.node('Reshape', [turned, shape])], { to: int(1) })
  const means = builder.node('ReduceMean', [reals], { axes: ints([2]), keepdims: int(1) })
  builder.output(means, 'means')
  const centred = builder.node('Sub', [reals, means])
  builder.output(builder.ownNode('FusedMatMul', [centred, centred], { transB: int(1) }), 'squares')
  builder.output(builder.node('MatMul', [centred, targets]), 'cross')
  return openOrtSession(builder.build('channelSums'))
}
