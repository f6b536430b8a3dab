// Seeded random ONNX graphs: the importer's float outputs against onnxruntime's.
//   npm run fuzz:import -- [--count 10000] [--seed 1] [--kind qdq|qoperator|integers|scales]
// Without a kind every fifth graph is a quantized one: QDQ, QOperator and 8-bit integers in turn, on steps that round nothing.
// Kind "scales": one layer between codes of any scale; an output may differ by one code where its real value lies at a tie.
import { parseArgs } from 'node:util'
import type { OnnxModel } from '@core/model/onnx/onnx'
import { compareWithOnnxruntime, type Agreement } from '../test/support/importAgreement'
import { codesApart, randomScales } from '../test/support/randomScales'
import { randomOnnx } from '../test/support/randomOnnx'
import { quantizedKinds, randomQuantized } from '../test/support/randomQuantized'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    kind: { type: 'string' }
  }
})
const [count, first] = [Number(values.count), Number(values.seed)]
const kind = quantizedKinds.find((name) => name === values.kind)
if (values.kind !== undefined && values.kind !== 'scales' && kind === undefined)
  throw new Error(`no kind ${values.kind}: ${quantizedKinds.join(', ')}, scales`)

/** The graph of a seed, with an input of its own where it is quantized. */
function graphOf(seed: number): { model: OnnxModel; input?: Float32Array } {
  if (kind !== undefined) return randomQuantized(kind, seed)
  if (seed % 5 !== 0) return { model: randomOnnx(seed) }
  return randomQuantized(quantizedKinds[(seed / 5) % quantizedKinds.length]!, seed)
}

/** Codes apart, of codes at the end of a layer. */
async function compareScaled(seed: number): Promise<Agreement> {
  const { codes, fromTie } = await codesApart(randomScales(seed))
  if (codes < 1.01 && fromTie < 1e-3) return { kind: 'equal', error: codes }
  return { kind: 'wrong', message: `differs by ${codes.toFixed(2)} codes, ${fromTie.toFixed(4)} from a tie` }
}

const counts = { equal: 0, refused: 0, skipped: 0, wrong: 0 }
const reasons = new Map<string, number>()
let worst = 0
for (let seed = first; seed < first + count; seed++) {
  const { model, input } = values.kind === 'scales' ? randomScales(seed) : graphOf(seed)
  const result =
    values.kind === 'scales' ? await compareScaled(seed) : await compareWithOnnxruntime(model, seed, input)
  counts[result.kind]++
  if (result.kind === 'equal') worst = Math.max(worst, result.error)
  else {
    const reason = `${result.kind}: ${result.message
      .replace(/"[^"]*"/g, '"…"')
      .replace(/[\d.]+/g, 'N')
      .slice(0, 140)}`
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }
  if (result.kind === 'wrong') {
    const operators = model.nodes.map(({ opType }) => opType).join(' ')
    console.log(
      `seed ${seed} opset ${model.opset} [${model.inputs[0]!.dims!.join(', ')}] ${operators}: ${result.message}`
    )
  }
}
for (const [reason, times] of [...reasons].sort((a, b) => b[1] - a[1])) console.log(`${times} x ${reason}`)
console.log(
  `${count} graphs from seed ${first}: ${counts.equal} equal (largest error ${worst.toExponential(1)}), ${counts.refused} refused, ${counts.skipped} not run by onnxruntime, ${counts.wrong} wrong`
)
process.exitCode = counts.wrong === 0 ? 0 : 1
