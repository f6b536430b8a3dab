import path from 'node:path'
import { inputsOf, readTruthFile, type TruthItem } from '../../../core/deploy/mlperf/truthFile'
import { AppError } from '../../../shared/errors'
import { formatCount, formatDuration, formatPercent } from '../../../shared/units'
import { readRegularFile } from '../../files/readRegularFile'
import { numberOption, textOption, UsageError, type CliVerb } from '../framework/framework'
import { clientOf } from '../framework/localClient'
import { connect, lineOptions } from './boardLine'
import { accuracyRun, type MlperfAccuracy } from './mlperfAccuracy'
import { openMlperfDevice, type MlperfDevice } from './mlperfDevice'
import { mlperfWindows, performanceRun, type PerformanceResult } from './mlperfPerformance'

/** Largest file of an item: a picture of 1024 x 1024 x 3. */
const maxInputBytes = 3 * 1024 * 1024
/** How far the device's clock and this computer's may differ without a note; the line takes part of a window. */
const clockTolerance = 0.1
/** `bitbench board mlperf`: a performance and an accuracy run of MLPerf Tiny over a serial line. */
export const boardMlperfVerb: CliVerb = {
  summary:
    'Drives a program that speaks MLPerf Tiny: throughput over five windows, and accuracy on a test set with a truth file.',
  usage: 'BOARD --data FOLDER [--truth FILE] [--count N] [--window SECONDS] [--baud N]',
  options: {
    ...lineOptions,
    data: { type: 'string', help: 'folder with a file of input bytes per item' },
    truth: { type: 'string', help: 'file,classes,class a line; in that folder', default: 'y_labels.csv' },
    count: { type: 'string', help: 'items of the accuracy run (all); 0 leaves it out' },
    window: {
      type: 'string',
      help: 'shortest window of the performance run, seconds; 0 leaves it out',
      default: '10'
    }
  },
  async run(args, context) {
    const data = textOption(args, 'data')
    if (data === undefined) throw new UsageError('--data is missing: the folder of a test set')
    const folder = path.resolve(context.cwd, data)
    const truth = path.resolve(folder, textOption(args, 'truth') ?? 'y_labels.csv')
    const items = readTruthFile((await readRegularFile(truth, { maxBytes: 64 * 1024 ** 2 })).toString('utf8'))
    const count = numberOption(args, 'count', { min: 0, integer: true }) ?? items.length
    const windowS = numberOption(args, 'window', { min: 0, max: 3600 }) ?? 10
    const client = await clientOf(context)
    const { board } = await connect(client, args, false)
    const device = await openMlperfDevice(client, board.id, context.signal)
    const about = await aboutOf(device)
    const inputs = async (item: TruthItem): Promise<Uint8Array[]> => {
      const file = path.join(folder, item.file)
      const found = inputsOf(item, await readRegularFile(file, { maxBytes: maxInputBytes }))
      if (found.length > 0) return found
      throw new AppError(
        'data.invalid',
        `${item.file} is shorter than one input.`,
        'Check that the truth file belongs to the files.'
      )
    }
    const first = async (item: TruthItem): Promise<Uint8Array> => (await inputs(item))[0]
    const performed = windowS === 0 ? null : await performanceRun(device, items, first, windowS)
    const judged = count === 0 ? null : await accuracyRun(device, items.slice(0, count), inputs, context.log)
    const json = { board: board.id, ...about, performance: performed, accuracy: judged }
    return { json, text: resultText(json) }
  }
}

async function aboutOf(device: MlperfDevice): Promise<{ name: string; model: string }> {
  const lines = [...(await device.ask('name')), ...(await device.ask('profile'))]
  const read = (pattern: RegExp): string =>
    lines.flatMap((line) => pattern.exec(line)?.[1] ?? [])[0] ?? 'unknown'
  return { name: read(/^m-name-dut-\[([^\]]*)\]$/), model: read(/^m-model-\[([^\]]*)\]$/) }
}

function resultText({
  name,
  model,
  performance: performed,
  accuracy: judged
}: {
  name: string
  model: string
  performance: PerformanceResult | null
  accuracy: MlperfAccuracy | null
}): string {
  const lines = [`${name}, model ${model}`]
  if (performed !== null) {
    const { inferencesPerS, latencyUs, clockRatio } = performed
    lines.push(
      `${formatCount(inferencesPerS, 'inferences/s')}, ${formatDuration(latencyUs / 1000)} each (median of ${mlperfWindows} windows, by the device's clock)`
    )
    if (Math.abs(clockRatio - 1) > clockTolerance) {
      lines.push(
        `Note: by this computer's clock the device's seconds took ${(1 / clockRatio).toPrecision(3)} s. An emulator keeps a time of its own; on a board CLOCK_HZ of mlperf.elf is wrong.`
      )
    }
  }
  if (judged !== null && 'auc' in judged)
    lines.push(
      judged.auc === null
        ? `${judged.items} items, all of one class: no area under the curve`
        : `${judged.items} items, area under the curve ${judged.auc.toFixed(3)}`
    )
  else if (judged !== null) {
    const { right, items, accuracy, low, high } = judged
    const interval = low === null || high === null ? '' : ` [${formatPercent(low)}, ${formatPercent(high)}]`
    lines.push(`${right} of ${items} right: ${formatPercent(accuracy)}${interval}`)
  }
  return lines.join('\n')
}
