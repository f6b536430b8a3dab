import * as ort from 'onnxruntime-node'
import type { ShapeHwc } from '../../../core/kernel/shape'
import type { OnnxModel } from '../../../core/model/onnx/onnx'
import { elementCount } from '../../../core/quant/quantizedNetwork'
import { encodeOnnx } from '../files/onnxFile'

/**
 * An onnxruntime session over a model built here; one intra-op thread, because schemes and workers run in parallel.
 * @param isFinished the model is of the runtime's own operators, in which it would look for something to improve in vain
 */
export async function openOrtSession(
  model: OnnxModel | Uint8Array | string,
  threads = 1,
  isFinished = false
): Promise<ort.InferenceSession> {
  const options: ort.InferenceSession.SessionOptions = {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: isFinished ? 'disabled' : 'all',
    // Built for a handful of runs: an arena of its own takes longer to fill than it saves.
    enableCpuMemArena: !isFinished,
    enableMemPattern: !isFinished,
    // Errors come as exceptions; warnings about optimised-away constants are noise here.
    logSeverityLevel: 3
  }
  // A file, with the data beside it, is left to the runtime.
  if (typeof model === 'string') return ort.InferenceSession.create(model, options)
  return ort.InferenceSession.create(model instanceof Uint8Array ? model : encodeOnnx(model), options)
}

/** Returns a float32 tensor for onnxruntime, whose binding takes no memory that threads share: such data is copied. */
export function realTensor(data: Float32Array, dims: readonly number[]): ort.Tensor {
  const own = data.buffer instanceof SharedArrayBuffer ? new Float32Array(data) : data
  return new ort.Tensor('float32', own, dims)
}

/** The same of the items [from, from + count) of bytes that hold items of a shape one behind the other. */
export function byteItems(bytes: Uint8Array, shape: ShapeHwc, from: number, count: number): ort.Tensor {
  const size = elementCount(shape)
  const part = bytes.subarray(from * size, (from + count) * size)
  const own = part.buffer instanceof SharedArrayBuffer ? new Uint8Array(part) : part
  return new ort.Tensor('uint8', own, [count, ...shape])
}

/** Values of a float32 tensor of onnxruntime. */
export function tensorReals(tensor: ort.Tensor): Float32Array {
  return tensor.data as Float32Array
}

/** Items that are run at once: as many as keep their tensors in the processor's cache, at most 250. */
export function itemsAtOnce(bytesPerItem: number): number {
  return Math.max(1, Math.min(250, Math.floor(cacheBytes / bytesPerItem)))
}

/** Of the second-level cache of common processors. */
const cacheBytes = 2 * 2 ** 20
