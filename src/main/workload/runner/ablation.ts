import * as ort from 'onnxruntime-node'
import type { LayerGroup } from '../../../core/workload/onnx/layerGroup'
import {
  gateNetwork,
  keepInput,
  meanInput,
  skipInput,
  type GatedValue
} from '../../../core/workload/onnx/gates'
import type { AblationKind } from '../../../shared/contract/workload/workloadRows'
import type { Subject } from './subject'
import type { Feeds } from './testRows'

/** Layers whose output can be replaced: those that compute something of their own and give out one float32 value. */
export function gateable(groups: readonly LayerGroup[], subject: Subject): LayerGroup[] {
  return groups.filter(
    ({ outputs, weights, type }) =>
      outputs.length === 1 &&
      subject.typeOf(outputs[0]) === 'float32' &&
      subject.shapeOf(outputs[0])?.[0] === subject.batch &&
      (weights.length > 0 || type === 'attention')
  )
}

/** The gates of a network: means over the calibration samples, and the input where it has the shape of the output. */
export async function gatesOf(subject: Subject): Promise<GatedValue[]> {
  const layers = gateable(subject.groups, subject)
  const means = await meansOf(
    subject,
    layers.map(({ outputs }) => outputs[0])
  )
  return layers.map(({ id, outputs, inputs }): GatedValue => {
    const output = outputs[0]
    const shape = subject.shapeOf(output)?.join()
    const input = inputs.find(
      (name) => subject.typeOf(name) === 'float32' && subject.shapeOf(name)?.join() === shape
    )
    return { layer: id, output, mean: means.get(output) ?? null, input: input ?? null }
  })
}

/** Whether a gated value can be ablated in this way. */
export const offers = (gate: GatedValue, kind: AblationKind): boolean =>
  kind === 'zero' || (kind === 'mean' ? gate.mean !== null : gate.input !== null)

/** Mean over samples at every place of a value: the batch axis becomes 1. */
async function meansOf(
  subject: Subject,
  values: readonly string[]
): Promise<Map<string, NonNullable<GatedValue['mean']>>> {
  const sums = new Map<string, { dims: number[]; sum: Float64Array; samples: number }>()
  for (const feeds of subject.calibrationBatches) {
    const seen = await subject.capture(values, feeds)
    for (const name of values) {
      const { data, dims } = seen[name] as { data: Float32Array; dims: readonly number[] }
      const size = data.length / dims[0]
      const entry = sums.get(name) ?? { dims: [1, ...dims.slice(1)], sum: new Float64Array(size), samples: 0 }
      if (entry.sum.length !== size) continue
      for (let i = 0; i < data.length; i++) entry.sum[i % size] += data[i]
      entry.samples += dims[0]
      sums.set(name, entry)
    }
  }
  return new Map(
    [...sums].map(([name, { dims, sum, samples }]) => [
      name,
      { name, dims, data: Float32Array.from(sum, (value) => value / samples) }
    ])
  )
}

/** A gated network and what to feed its gates. */
export interface Gated {
  readonly session: ort.InferenceSession
  /** Gate inputs with one layer changed; all open without. */
  feeds(layer?: string, kind?: AblationKind): Feeds
}

/** Opens the network with a gate at every layer; `feeds` closes those of one layer. */
export async function openGated(subject: Subject, gates: readonly GatedValue[]): Promise<Gated> {
  const session = await subject.open(gateNetwork(subject.network, gates))
  const scalar = (value: number): ort.Tensor => new ort.Tensor('float32', Float32Array.of(value), [])
  const names = new Set(session.inputNames)
  return {
    session,
    feeds: (layer, kind) =>
      Object.fromEntries(
        gates
          .flatMap((gate) => {
            const changed = gate.layer === layer
            return [
              [keepInput(gate.layer), changed ? 0 : 1],
              [meanInput(gate.layer), changed && kind === 'mean' ? 1 : 0],
              [skipInput(gate.layer), changed && kind === 'skip' ? 1 : 0]
            ] as [string, number][]
          })
          .flatMap(([name, value]) => (names.has(name) ? [[name, scalar(value)]] : []))
      )
  }
}
