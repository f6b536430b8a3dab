import { bitFusionCycles } from '../../accelerator/bitfusion'
import type { SampleTable } from '../samples'

/**
 * The matmul axis trap: the collector of the published BitFusion table passed (out, in) where (in, out) was meant,
 * so a Linear 4096 -> 10 stands there as 10 -> 4096. The product's axes are N rows, M output features, K input
 * features.
 */
export interface AxisCheck {
  /** With M and K as the product means them. */
  samples: SampleTable
  remarks: string[]
}

/** Rows that are tried; a table either matches throughout or not at all. */
const triedRows = 40

/**
 * Swaps M and K of a matmul table whose times are those of the analytic BitFusion model with its axes the other way
 * round, and says so; leaves every other table alone.
 */
export function matmulAxes(samples: SampleTable, fileName: string): AxisCheck {
  const unchanged = { samples, remarks: [] }
  if (samples.kernel !== 'matmul' || samples.unit !== 'cycles') return unchanged
  const [, outputs, inputs] = samples.dims
  const step = Math.max(1, Math.floor(samples.count / triedRows))
  let telling = 0
  for (let row = 0; row < samples.count; row += step) {
    const [qa, qw] = [samples.activationBits[row], samples.weightBits[row]]
    if (qa > 8 || qw > 8 || outputs[row] > 65_536 || inputs[row] > 65_536) return unchanged
    // As simulated: input channels from the M column, output channels from the K column.
    if (bitFusionMatmulCycles(inputs[row], outputs[row], qa, qw) !== samples.time[row]) return unchanged
    if (inputs[row] !== outputs[row]) telling++
  }
  if (telling === 0) return unchanged
  const dims = [samples.dims[0], inputs, outputs]
  return {
    samples: { ...samples, dims },
    remarks: [
      `${fileName}: M and K are swapped on reading. Its times are those of BitFusion with M input and K output ` +
        `features (its collector wrote them the other way round); here M is output, K is input features.`
    ]
  }
}

/** BitFusion cycles of a Linear layer with the product's axes. */
export function bitFusionMatmulCycles(
  outputs: number,
  inputs: number,
  activationBits: number,
  weightBits: number
): number {
  return bitFusionCycles({
    outputHeight: 1,
    outputWidth: 1,
    window: 1,
    inputChannels: inputs,
    outputChannels: outputs,
    activationBits,
    weightBits
  })
}
