/**
 * What calibrating a large network costs, one thread, processor time and memory of the whole process:
 *   npm run bench:calibrate -- [--items 512] [--size 96] [--width 1] [--seed S] [--json]
 * MobileNetV2 with seeded weights on seeded images of size x size x 3. "calibration" reads every tensor's range and the
 * sums that layers are fitted to; "int8" fits all layers at 8 bits.
 */
import { createRandom } from '@core/math/random'
import { weightedLayerNames } from '@core/model/graph'
import { measuringRanges } from '@core/quant/quantize/calibration'
import { runFit } from '@core/quant/quantize/fitEngine'
import { quantizing } from '@core/quant/quantize/quantizeNetwork'
import { uniformScheme } from '@core/quant/scheme'
import { createOrtFitEngine } from '@main/model/onnxruntime/ortFitEngine'
import { mobileNetV2 } from './mobileNet'
import { startClock } from './stopwatch'
import { useRoomyHeap } from '@main/threads/roomyHeap'
import { positive, readFlags, whole } from './flags'

// As threads of tasks do.
useRoomyHeap()

const { values } = readFlags(
  {
    options: {
      items: { type: 'string', default: '512' },
      size: { type: 'string', default: '96' },
      width: { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false }
    }
  },
  { items: whole(), size: whole(), width: positive(), seed: whole(0) }
)
const [items, size] = [Number(values.items), Number(values.size)]
const graph = mobileNetV2([3, size, size], { width: Number(values.width) })
const random = createRandom(Number(values.seed))
const pixels = Uint8Array.from({ length: items * size * size * 3 }, () => random.integer(256))
const engine = createOrtFitEngine()
const round = (value: number): number => Math.round(value * 10) / 10
/** Most memory that this process has held, MiB. */
const peakMiB = (): number => Math.round(process.resourceUsage().maxRSS / 1024)

const startMiB = peakMiB()
const calibrating = startClock()
const ranges = await runFit(measuringRanges(graph, pixels), engine)
const calibration = { cpuSeconds: round(calibrating().cpuSeconds), peakMiB: peakMiB() }
const fitting = startClock()
await runFit(quantizing(ranges, uniformScheme(weightedLayerNames(graph), 8, 8)), engine)
const int8 = { cpuSeconds: round(fitting().cpuSeconds), peakMiB: peakMiB() }
const result = { items, size, width: Number(values.width), seed: Number(values.seed), startMiB }
if (values.json) console.log(JSON.stringify({ ...result, calibration, int8 }, null, 2))
else {
  console.log(`MobileNetV2 of width ${values.width} at ${size}x${size}x3, ${items} images:`)
  for (const [name, row] of Object.entries({ calibration, int8 }))
    console.log(`  ${name.padEnd(12)}${row.cpuSeconds} s of processor time, ${row.peakMiB} MiB at most`)
}
