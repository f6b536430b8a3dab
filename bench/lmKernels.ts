/**
 * Cycles of a step of the shipped language model as the sum of its kernels, each measured alone by the monitor's `bench` on
 * `virtual:mid`, at the first and the last position: what docs/adr/0006-decoder-proxies.md sets beside measured steps.
 *
 *   npm run bench:lm-kernels
 */
import { readFileSync } from 'node:fs'
import { readCheckpoint } from '../src/core/lm/checkpoint'
import { headSize, kvDim } from '../src/core/lm/config'
import { corePresets } from '../src/core/sim/boards/presets'
import { MonitorMachine } from '../src/core/twin/monitorMachine'
import type { KernelName } from '../src/shared/vocabulary'
import { presentFirmware } from './rtl/firmware'

const { config } = readCheckpoint(new Uint8Array(readFileSync('resources/lm/glosses-260k.bin')))
const machine = new MonitorMachine({ config: corePresets.mid, form: 'rv32imc' }, presentFirmware())

function cyclesOf(kernel: KernelName, dims: readonly number[], weightBits = 0): number {
  const request = { kernel, dims, activationBits: 8, weightBits, repetitions: 2, seed: 1 }
  const { cycles } = machine.bench(request)
  return cycles![1]!
}

const { dim, hiddenDim, heads, kvHeads, layers, vocabulary, sequenceLength } = config
const size = headSize(config)

/** A matrix times the codes of one token, and its sums to codes. */
function matrix(rows: number, columns: number, weightBits: number): number {
  return cyclesOf('matmul', [1, rows, columns], weightBits) + cyclesOf('requantize', [1, rows])
}

function attention(positions: number): number {
  const scores = cyclesOf('product', [1, positions, size])
  const means = cyclesOf('product', [1, size, positions])
  return heads * (scores + means + cyclesOf('softmax', [1, positions]))
}

const others =
  (2 * layers + 1) * cyclesOf('rmsNorm', [1, dim]) +
  layers * (cyclesOf('rope', [heads, size / 2]) + cyclesOf('rope', [kvHeads, size / 2])) +
  layers * cyclesOf('table', [hiddenDim])

for (const bits of [8, 4]) {
  const matrices =
    layers *
      (2 * matrix(dim, dim, bits) +
        2 * matrix(kvDim(config), dim, bits) +
        2 * matrix(hiddenDim, dim, bits) +
        matrix(dim, hiddenDim, bits)) +
    matrix(vocabulary, dim, bits)
  const [first, last] = [1, sequenceLength].map(
    (positions) => matrices + others + layers * attention(positions)
  )
  console.log(
    `w${bits}a8: ${first!.toLocaleString('en')} cycles at the first position, ${last!.toLocaleString('en')} at the last`
  )
}
