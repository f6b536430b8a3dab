import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { AssembledTransfer } from '../../../core/estimator/transfer/assemble'
import { stageTransferCurve } from '../../../core/estimator/transfer/curve'
import { fitStageTransfer } from '../../../core/estimator/transfer/methods'
import { createRandom } from '../../../core/math/random'
import { predictedActualFigure, transferFigures } from '../../estimator/estimatorFigures'
import { writeFigures } from '../../figures/writeFigures'
import { writeWholeFile } from '../../files/replaceFile'
import { pathOption } from './estimatorInput'
import {
  designOf,
  readTransfer,
  sizesOf,
  transferJson,
  transferText,
  stageTransferVerb
} from './estimatorTransfer'
import {
  numberOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliVerb
} from '../framework/framework'

/** `bitbench estimator calibrate`: transfer, with its files and figures under the documents' names. */
export const stageCalibrateVerb: CliVerb = {
  summary: 'Moves an estimator to another GPU; writes e3_calibration_results.json, curves and figures.',
  usage:
    '--source A.csv[,…] --target B.csv[,…] --output-dir DIR [--preset vidur] [--n 10,25,50,100] [--seeds 5]',
  options: {
    ...stageTransferVerb.options,
    seeds: { type: 'string', help: 'draws to average over', default: '5' },
    'output-dir': { type: 'string', help: 'folder of the files' }
  },
  run: (args, context) => runCalibrate(args, context)
}

async function runCalibrate(args: CliArguments, context: CliContext) {
  const folder = pathOption(args, 'output-dir', context)
  if (folder === undefined) throw new UsageError('--output-dir DIR is needed')
  const design = designOf(args)
  const assembled = await readTransfer(args, context)
  assembled.remarks.forEach(context.log)
  const sizes = sizesOf(args)
  const seeds = numberOption(args, 'seeds', { min: 1, max: 1000, integer: true }) ?? 5
  const curve = stageTransferCurve(assembled, {
    sizes,
    seeds,
    design,
    onProgress: (_done, _total, note) => note !== '' && context.log(note)
  })
  const results = { ...transferJson(curve, sizes, seeds), design }
  await mkdir(folder, { recursive: true })
  const files: string[] = []
  const write = async (name: string, content: unknown): Promise<void> => {
    files.push(path.join(folder, name))
    await writeWholeFile(path.join(folder, name), `${JSON.stringify(content, null, 1)}\n`)
  }
  await write('e3_calibration_results.json', results)
  await write('e3_transfer_curves.json', {
    definitions: {
      totalMape: 'mean |predicted - measured| / measured of the sum of stages, percent',
      calibrationSeconds: 'time of one run of every calibration configuration on the target'
    },
    points: curve.points
  })
  const figures = [...transferFigures(curve.points), scatterOf(assembled, sizes)]
  files.push(...(await writeFigures(path.join(folder, 'figures'), figures)))
  return { json: { ...results, files }, text: [transferText(curve), ...files].join('\n') }
}

/** Most configurations in a scatter plot. */
const drawnRows = 400

/** One draw of the middle size by the blend, stage by stage. */
function scatterOf({ problem, pool, judged }: AssembledTransfer, sizes: readonly number[]) {
  const n = sizes[Math.floor((sizes.length - 1) / 2)] ?? 10
  const order = createRandom(1).shuffle(pool.slice())
  const rest = (judged ?? order.slice(n)).slice(0, drawnRows)
  const predicted = fitStageTransfer('blend', problem, order.slice(0, n), 1).predict(rest)
  return predictedActualFigure(
    problem.table.stages.map((name, stage) => ({
      name,
      points: Array.from(rest).flatMap((row, at) => {
        const [x, y] = [problem.target[stage]?.[row] ?? NaN, predicted[stage]?.[at] ?? NaN]
        return Number.isNaN(x) || Number.isNaN(y) ? [] : [[x, y] as const]
      })
    }))
  )
}
