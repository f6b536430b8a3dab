import { bitFusionCycles } from '../../accelerator/bitfusion'
import { bitFusionMatmulCycles } from './matmulAxes'
import { outputSide } from '../../kernel/work'
import type { SampleTable } from '../samples'

/** Rows that are tried before a table counts as measured elsewhere. */
const probeRows = 25

/**
 * How many rows of a table the analytic BitFusion model reproduces exactly. null where it does not apply: other
 * kernels, widths the array cannot hold, or not one match among the first rows looked at.
 */
export function bitFusionMatches(samples: SampleTable): { exact: number; rows: number } | null {
  const { kernel, dims, activationBits, weightBits, time, count } = samples
  if ((kernel !== 'matmul' && kernel !== 'conv2d') || samples.unit !== 'cycles') return null
  for (let row = 0; row < count; row++) if (activationBits[row] > 8 || weightBits[row] > 8) return null
  const cyclesOf = (row: number): number => {
    const [qa, qw] = [activationBits[row], weightBits[row]]
    if (kernel === 'matmul') return bitFusionMatmulCycles(dims[1][row], dims[2][row], qa, qw)
    const [height, width, channels, outputs, window, stride] = dims.map((column) => column[row])
    return bitFusionCycles({
      outputHeight: outputSide(height, window, stride),
      outputWidth: outputSide(width, window, stride),
      window,
      inputChannels: channels,
      outputChannels: outputs,
      activationBits: qa,
      weightBits: qw
    })
  }
  const step = Math.max(1, Math.floor(count / probeRows))
  let probed = 0
  for (let row = 0; row < count; row += step) if (cyclesOf(row) === time[row]) probed++
  if (probed === 0) return null
  let exact = 0
  for (let row = 0; row < count; row++) if (cyclesOf(row) === time[row]) exact++
  return { exact, rows: count }
}
