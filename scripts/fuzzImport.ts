// Seeded random ONNX graphs: the importer's float outputs against onnxruntime's.
//   npm run fuzz:import -- [--count 10000] [--seed 1]
import { parseArgs } from 'node:util'
import { compareWithOnnxruntime } from '../test/support/importAgreement'
import { randomOnnx } from '../test/support/randomOnnx'

const { values } = parseArgs({
  options: { count: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } }
})
const [count, first] = [Number(values.count), Number(values.seed)]
const counts = { equal: 0, refused: 0, skipped: 0, wrong: 0 }
const reasons = new Map<string, number>()
let worst = 0
for (let seed = first; seed < first + count; seed++) {
  const model = randomOnnx(seed)
  const result = await compareWithOnnxruntime(model, seed)
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
