import { inferencePhase, layerPhase } from '../../deploy/boardEnergy'
import type { EnergyReport, TrialSummary } from '../../../shared/contract/energy'
import { formatAmount, formatPercent } from '../../../shared/units'
import { lineOptions, lineSettings } from '../board/boardLine'
import { numberOption, requiredBoard, type CliVerb } from '../framework/framework'
import { createLocalClient, createProgressLine } from '../framework/localClient'
import { boardMeterOf, boardMeterOptions } from '../meter/meterOptions'
import { modelOptions, readModel } from './deployModel'

/** `bitbench deploy energy`: what an inference and each layer take from the supply, by a power meter beside the board. */
export const deployEnergyVerb: CliVerb = {
  summary: 'Measures the energy of an inference and of each layer on a board, by a power meter beside it.',
  usage:
    '--board ID --meter PORT [--kind text|ppk2] [--voltage V] [--model FILE.onnx] [--scheme exported|w4a8,…] [--trials N] [--trial MS] [--no-layers]',
  options: {
    ...modelOptions,
    board: { type: 'string', help: 'board id or serial port; `bitbench board list` names them' },
    ...lineOptions,
    ...boardMeterOptions,
    trials: { type: 'string', help: 'rounds over all phases', default: '5' },
    trial: { type: 'string', help: 'least time of a phase, in ms', default: '1000' },
    idle: { type: 'string', help: 'rest before for the idle baseline, in ms', default: '2000' },
    'no-layers': { type: 'boolean', help: 'whole inferences alone' }
  },
  async run(args, context) {
    const boardId = requiredBoard(args)
    const meter = boardMeterOf(args)
    const bitbench = await context.bitbench()
    const client = createLocalClient(bitbench, context.signal)
    await client.call('board.connect', { id: boardId, settings: lineSettings(args) })
    const { jobId, recordingId, layers, predictedJ } = await client.call('deploy.energy', {
      ...(await readModel(client, args, context)),
      boardId,
      meter,
      trials: numberOption(args, 'trials', { min: 2, max: 100, integer: true }) ?? 5,
      trialMs: numberOption(args, 'trial', { min: 200, max: 60_000 }) ?? 1_000,
      idleMs: numberOption(args, 'idle', { min: 500, max: 60_000 }) ?? 2_000,
      layers: args.values['no-layers'] !== true
    })
    context.log(`Recording ${recordingId}`)
    await client.finish(jobId, createProgressLine(context.log, process.stderr))
    const report = await bitbench.energy.report(recordingId)
    return {
      json: { recordingId, energy: report, predictedJ },
      text: [boardEnergyText(report, layers), ...predictionText(report, predictedJ)].join('\n'),
      exitCode: report.summaries.every(({ name, verdict }) => name !== inferencePhase || verdict === 'VALID')
        ? 0
        : 1
    }
  }
}

/** An inference of a small network takes far less than a joule. */
const energyText = (joules: number): string => formatAmount(1e9 * joules, 'nJ')

/** What proxies predicted beside what was measured; nothing where there is no prediction. */
export function predictionText(report: EnergyReport, predictedJ: number | null): string[] {
  if (predictedJ === null) return []
  const measured = report.summaries.find(({ name }) => name === inferencePhase)?.netJ ?? null
  // Below the noise of the meter there is nothing to compare with.
  const off = measured === null || !(measured.low > 0) ? null : predictedJ / measured.mean - 1
  const comparison =
    off === null ? '' : `, ${formatPercent(Math.abs(off))} ${off < 0 ? 'below' : 'above'} what was measured`
  return [`Predicted by proxies of this board's energy: ${energyText(predictedJ)}${comparison}.`]
}

/** Energy of an inference and of each layer as the terminal shows it. */
export function boardEnergyText(report: EnergyReport, layers: readonly string[]): string {
  const find = (name: string): TrialSummary | undefined =>
    report.summaries.find((summary) => summary.name === name)
  const [device] = report.gpus
  const shown = [inferencePhase, ...layers.map(layerPhase)].flatMap((name) => find(name) ?? [])
  const width = Math.max(...shown.map(({ name }) => name.length), 0)
  const lines = [
    `${device?.name ?? 'meter'} (${report.origin}), idle ${formatAmount(device?.idle.powerW ?? null, 'W')}; net of idle, per run, at ${formatPercent(report.confidence)}:`
  ]
  for (const summary of shown) {
    const { name, netJ, meanW, trials, verdict } = summary
    const energy =
      netJ === null
        ? 'no interval'
        : `${energyText(netJ.mean)} [${energyText(netJ.low)}, ${energyText(netJ.high)}]`
    lines.push(
      `  ${name.padEnd(width)}  ${energy}, mean power ${formatAmount(meanW?.mean ?? null, 'W')}, ${trials} trials, ${verdict}`
    )
    for (const reason of summary.reasons) lines.push(`    ${reason.message} ${reason.hint}`)
  }
  const whole = find(inferencePhase)?.netJ
  const parts = layers.map((name) => find(layerPhase(name))?.netJ?.mean)
  if (whole != null && parts.length > 0 && parts.every((part) => part !== undefined)) {
    const sum = parts.reduce<number>((total, part) => total + part, 0)
    lines.push(
      `  The layers' kernels add up to ${energyText(sum)}, ${formatPercent(sum / whole.mean)} of an inference.`
    )
  }
  return lines.join('\n')
}
