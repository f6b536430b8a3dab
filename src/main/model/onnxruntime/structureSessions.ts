import * as ort from 'onnxruntime-node'
import type { OnnxModel, OnnxTensor, OnnxValue } from '../../../core/model/onnx/onnx'
import { encodeOnnx } from '../files/onnxFile'
import { openOrtSession } from './ortSession'

/**
 * Sessions of models that are of the runtime's own operators, kept by structure: nodes and shapes without the numbers, which are inputs
 * there. To make and close a session takes longer than a small layer runs, and layers of schemes differ in their numbers alone.
 */
export interface StructureSessions {
  /** Calls `work` with the model's session and what it needs beside the model's own inputs. */
  use<T>(model: OnnxModel, work: (session: ort.InferenceSession, numbers: Feeds) => Promise<T>): Promise<T>
}

type Feeds = Readonly<Record<string, ort.Tensor>>

/** A larger tensor is laid out for the kernels once, in a session of its own: of an input that would be done in every run. */
const maxInputValues = 100_000

/** Sessions that are kept, by thread: a search of MobileNetV2 has about 100 structures. */
const maxSessions = 128

/** Returns sessions of which none is open yet. */
export function createStructureSessions(
  limits: { readonly sessions?: number; readonly inputValues?: number } = {},
  open = openOrtSession
): StructureSessions {
  const { sessions: most = maxSessions, inputValues = maxInputValues } = limits
  /** By structure, oldest first; without those in use. */
  const idle = new Map<string, ort.InferenceSession>()

  async function keep(structure: string, session: ort.InferenceSession): Promise<void> {
    // Two uses of one structure at once have made two.
    if (idle.has(structure)) return session.release()
    idle.set(structure, session)
    for (const [oldest, other] of idle) {
      if (idle.size <= most) break
      idle.delete(oldest)
      await other.release()
    }
  }

  return {
    async use(model, work) {
      const separated = separate(model, inputValues)
      if (separated === null) {
        const session = await open(model, 1, true)
        try {
          return await work(session, {})
        } finally {
          await session.release()
        }
      }
      const encoded = encodeOnnx(separated.structure)
      const structure = Buffer.from(encoded).toString('latin1')
      const session = idle.get(structure) ?? (await open(encoded, 1, true))
      idle.delete(structure)
      try {
        return await work(session, separated.numbers)
      } finally {
        await keep(structure, session)
      }
    }
  }
}

/**
 * The model with its numbers as inputs, and these; null where one is too large for an input. Every use is an input of its own: which
 * numbers happen to be equal is not part of the structure.
 */
function separate(model: OnnxModel, most: number): { structure: OnnxModel; numbers: Feeds } | null {
  const inputs: OnnxValue[] = [...model.inputs]
  const numbers: Record<string, ort.Tensor> = {}
  const known = new Map(model.initializers.map((tensor) => [tensor.name, tensor]))
  if (model.initializers.some(({ data }) => data.length > most)) return null
  const nodes = model.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map((name, position) => {
      const tensor = known.get(name)
      const elementType = tensor === undefined ? null : inputType(tensor.data)
      if (tensor === undefined || elementType === null) return name
      const own = `${node.name}_input${position}`
      inputs.push({ name: own, elementType, dims: tensor.dims })
      numbers[own] = new ort.Tensor(elementType, tensor.data as Float32Array, tensor.dims)
      return own
    })
  }))
  // Shapes and pads are part of the structure.
  const initializers = model.initializers.filter(({ data }) => inputType(data) === null)
  return { structure: { ...model, nodes, inputs, initializers }, numbers }
}

function inputType(data: OnnxTensor['data']): 'float32' | 'int32' | 'int8' | 'uint8' | null {
  if (data instanceof Float32Array) return 'float32'
  if (data instanceof Int32Array) return 'int32'
  if (data instanceof Int8Array) return 'int8'
  return data instanceof Uint8Array ? 'uint8' : null
}
