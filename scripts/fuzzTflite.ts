// Seeded random TFLite files through the whole importer against LiteRT (@litertjs/core in Chromium).
//   npm run fuzz:tflite -- [--count 500] [--seed 1] [--kind float|codes]
// Float files of one to five operators and, every second seed, one operator between codes of 8 bits (every fifth of those uint8).
// Equal: in float32 within 1e-4 of the largest output, of the same sides. Between codes: the same code, or one beside it where the
// real value lies within 0.02 of a tie. One code apart elsewhere is counted by itself: LiteRT computes with fixed-point factors and
// tables. More is wrong, and so is a refusal without a reason.
import { parseArgs } from 'node:util'
import { AppError } from '@shared/errors'
import { openLiteRt, type LiteRt } from '../test/support/litert'
import {
  compareCodesWithLiteRt,
  compareFloatWithLiteRt,
  type LiteRtOutcome
} from '../test/support/litertAgreement'
import { tfliteSteps } from '../test/support/randomTflite'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
    kind: { type: 'string' }
  }
})
const [count, first] = [Number(values.count), Number(values.seed)]
if (!Number.isInteger(count) || count < 1 || !Number.isInteger(first))
  throw new AppError(
    'input.invalid',
    'Count and seed are whole numbers, the count from 1.',
    '--count 500 --seed 1'
  )
if (values.kind !== undefined && !['float', 'codes'].includes(values.kind))
  throw new AppError(
    'input.invalid',
    `There is no kind ${values.kind}.`,
    'It is float or codes; both without.'
  )

async function fuzz(litert: LiteRt): Promise<boolean> {
  const counts = new Map<LiteRtOutcome, number>()
  const reasons = new Map<string, number>()
  for (let seed = first; seed < first + count; seed++) {
    const isFloat = values.kind === undefined ? seed % 2 === 1 : values.kind === 'float'
    const compare = isFloat ? compareFloatWithLiteRt : compareCodesWithLiteRt
    const { kind, message, operators } = await compare(litert, seed)
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
    if (kind === 'equal') continue
    if (kind === 'wrong') console.log(`seed ${seed} ${operators}: ${message}`)
    const reason = `${kind}: ${message === '' ? operators : message.replace(/"[^"]*"/g, '"…"').slice(0, 140)}`
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }
  for (const [reason, times] of [...reasons].sort((a, b) => b[1] - a[1])) console.log(`${times} x ${reason}`)
  const kinds: LiteRtOutcome[] = ['equal', 'one code apart', 'refused', 'not run by LiteRT', 'wrong']
  const text = kinds.map((kind) => `${counts.get(kind) ?? 0} ${kind}`).join(', ')
  const operators = `${Object.keys(tfliteSteps).length} operators`
  console.log(`${count} files of ${operators} from seed ${first} against LiteRT ${litert.version}: ${text}`)
  return (counts.get('wrong') ?? 0) === 0
}

const litert = await openLiteRt()
if (typeof litert === 'string') console.log(`fuzz:tflite was skipped: ${litert}`)
else
  try {
    process.exitCode = (await fuzz(litert)) ? 0 : 1
  } finally {
    await litert.close()
  }
