import type { NetworkCalibration } from '../../../shared/contract/proxy/proxyCalibration'
import { formatCount } from '../../../shared/units'
import { lineOptions, lineSettings } from '../board/boardLine'
import { numberOption, textOption, type CliVerb } from '../framework/framework'
import { clientOf, createProgressLine, shippedModelId } from '../framework/localClient'
import { networkPath } from '../model/networkPath'

/** `bitbench proxy calibrate`: two whole networks measured on a board, for Search and Deploy to predict by. */
export const calibrateVerb: CliVerb = {
  summary:
    'Runs a network on a board at all 1 and all 8 bits; Search and Deploy then predict on the line through both.',
  usage: '[--board BOARD] [--baud N] [--model FILE.onnx] [--images N] | --list',
  options: {
    board: { type: 'string', help: 'board id or serial port', default: 'virtual:small' },
    ...lineOptions,
    model: { type: 'string', help: 'ONNX file; the shipped LeNet-5 without' },
    images: { type: 'string', help: 'test images per network', default: '4' },
    list: { type: 'boolean', help: 'only show what was calibrated' }
  },
  async run(args, context) {
    const client = await clientOf(context)
    if (args.values['list'] === true) {
      const listed = await client.call('proxy.calibrations', {})
      const lines = [
        ...listed.calibrations.map(calibrationText),
        ...listed.unreadable.map(({ id, problem }) => `${id} cannot be read (${problem}); calibrate it again`)
      ]
      return { json: listed, text: lines.length === 0 ? 'No network was calibrated yet.' : lines.join('\n') }
    }
    const boardId = textOption(args, 'board') ?? 'virtual:small'
    const images = numberOption(args, 'images', { min: 1, max: 100, integer: true }) ?? 4
    const file = textOption(args, 'model')
    const modelId =
      file === undefined
        ? await shippedModelId(client)
        : (await client.call('model.open', { path: networkPath(context.cwd, file) })).model.id
    await client.call('board.connect', { id: boardId, settings: lineSettings(args) })
    const { jobId } = await client.call('proxy.calibrate', { boardId, modelId, images })
    await client.finish(jobId, createProgressLine(context.log, process.stderr))
    const { calibrations } = await client.call('proxy.calibrations', {})
    const calibration = calibrations.find((one) => one.boardId === boardId && one.modelId === modelId)!
    return { json: calibration, text: calibrationText(calibration) }
  }
}

function calibrationText({
  modelName,
  boardName,
  unit,
  origin,
  fewest,
  most,
  line
}: NetworkCalibration): string {
  const points = [fewest, most].map(
    ({ bits, measured, predicted }) =>
      `  all ${bits} bit: ${formatCount(measured, unit)} per image (${origin}), predicted ${formatCount(predicted, unit)}`
  )
  const result =
    line === null
      ? '  no proxy predicts this network yet: fit them, then the points are used'
      : `  measured = ${line.factor.toFixed(4)} x predicted ${line.constant < 0 ? '-' : '+'} ${formatCount(Math.abs(line.constant), unit)}`
  return [`${modelName} on ${boardName}`, ...points, result].join('\n')
}
