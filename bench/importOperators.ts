import { supportedOperators } from '@core/model/onnx/readNodes'
import { compareWithOnnxruntime, type Agreement } from '../test/support/importAgreement'
import { randomOperator } from '../test/support/randomOnnx'

/** Every operator that is read against onnxruntime on random cases of its own; false where one is wrong. */
export async function benchOperators(cases: number, names: readonly string[]): Promise<boolean> {
  const unknown: string[] = []
  let wrong = 0
  console.log(`${'operator'.padEnd(24)} equal   refused  not run  wrong  largest error`)
  for (const opType of names.length > 0 ? names : supportedOperators) {
    if (randomOperator(opType, 1) === null && randomOperator(opType, 2) === null) {
      unknown.push(opType)
      continue
    }
    wrong += await benchOperator(opType, cases)
  }
  console.log(
    `without cases, for onnxruntime does not know them: ${unknown.length === 0 ? 'none' : unknown.join(', ')}`
  )
  console.log(wrong === 0 ? 'no operator is wrong' : `${wrong} cases are wrong`)
  return wrong === 0
}

async function benchOperator(opType: string, cases: number): Promise<number> {
  const counts: Record<Agreement['kind'], number> = { equal: 0, refused: 0, skipped: 0, wrong: 0 }
  let worst = 0
  let first = ''
  for (let seed = 1; counts.equal + counts.wrong < cases && seed <= 3 * cases; seed++) {
    const model = randomOperator(opType, seed)
    if (model === null) continue
    const result = await compareWithOnnxruntime(model, seed)
    counts[result.kind]++
    if (result.kind === 'equal') worst = Math.max(worst, result.error)
    else if (result.kind === 'wrong' || first === '') first = `seed ${seed}: ${result.message.slice(0, 120)}`
  }
  const { equal, refused, skipped, wrong } = counts
  const numbers = `${String(equal).padEnd(7)} ${String(refused).padEnd(8)} ${String(skipped).padEnd(8)} ${String(wrong).padEnd(6)}`
  console.log(
    `${opType.padEnd(24)} ${numbers} ${worst.toExponential(1)}${refused + wrong > 0 ? `  ${first}` : ''}`
  )
  return wrong
}
