import type { Workload } from '../model/workload'
import type { Scheme } from '../quant/scheme'

/** What a scheme costs, by arithmetic alone. Latency by a Proxy is given by the caller. */

/** Bit operations: multiply-accumulates times weight bits times activation bits, summed over the layers. */
export function bopsOf(workloads: readonly Workload[], scheme: Scheme): number {
  return sum(workloads, scheme, ({ macs }, weightBits, activationBits) => macs * weightBits * activationBits)
}

/** Bytes of packed weights and int32 biases. */
export function sizeBytesOf(workloads: readonly Workload[], scheme: Scheme): number {
  return sum(workloads, scheme, (workload, weightBits) => {
    const outputs = workload.matmul?.m ?? workload.conv!.k
    return Math.ceil(((workload.parameters - outputs) * weightBits) / 8) + 4 * outputs
  })
}

function sum(
  workloads: readonly Workload[],
  scheme: Scheme,
  cost: (workload: Workload, weightBits: number, activationBits: number) => number
): number {
  return workloads.reduce(
    (total, workload, index) =>
      total + cost(workload, scheme[index]!.weightBits, scheme[index]!.activationBits),
    0
  )
}
