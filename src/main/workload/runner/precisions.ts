import * as ort from 'onnxruntime-node'
import { lowerNetwork, type LoweredNetwork } from '../../../core/workload/onnx/precision'
import { probeNetwork } from '../../../core/workload/onnx/probe'
import { weightedNode } from '../../../core/workload/onnx/weighted'
import type { OnnxNode } from '../../../core/model/onnx/onnx'
import { workloadPrecisions, type WorkloadPrecision } from '../../../shared/contract/workload/workloadRows'
import type { Subject } from './subject'

/** A precision, and whether the runtime runs it. */
export interface Offer {
  readonly precision: WorkloadPrecision
  /** Why the runtime does not run it; null when it does. */
  readonly reason: string | null
}

/** Tries every precision on a small matrix product. */
export async function offeredPrecisions(subject: Pick<Subject, 'open'>): Promise<Offer[]> {
  const offers: Offer[] = []
  for (const precision of workloadPrecisions) {
    try {
      const session = await subject.open(probeNetwork(precision))
      await session.run({ x: new ort.Tensor('float32', new Float32Array(32).fill(0.5), [1, 32]) })
      await session.release()
      offers.push({ precision, reason: null })
    } catch (cause) {
      offers.push({ precision, reason: String((cause as Error).message ?? cause).slice(0, 300) })
    }
  }
  return offers
}

/** The network at another precision, whole or in some nodes alone. */
export async function lowered(
  subject: Subject,
  precision: WorkloadPrecision,
  only: ReadonlySet<OnnxNode> = subject.weighted
): Promise<LoweredNetwork> {
  const ranges = precision === 'int8Static' ? await rangesOf(subject, only) : new Map<string, Range>()
  const rangeOf = (name: string): Range => ranges.get(name) ?? { low: -1, high: 1 }
  return lowerNetwork(subject.network, precision, subject.constants, rangeOf, only)
}

interface Range {
  low: number
  high: number
}

/** Least and largest input of every weighted node over the calibration samples. */
async function rangesOf(subject: Subject, nodes: ReadonlySet<OnnxNode>): Promise<Map<string, Range>> {
  const names = [...nodes].flatMap((node) =>
    weightedNode(subject.network, node)?.kind === 'table' ? [] : [node.inputs[0]]
  )
  const ranges = new Map<string, Range>()
  for (const feeds of subject.calibrationBatches) {
    for (const [name, { data }] of Object.entries(await subject.capture([...new Set(names)], feeds))) {
      const range = ranges.get(name) ?? { low: Infinity, high: -Infinity }
      for (const value of data as Float32Array) {
        if (value < range.low) range.low = value
        if (value > range.high) range.high = value
      }
      ranges.set(name, range)
    }
  }
  return ranges
}
