import path from 'node:path'
import { readInputArrays, type InputArrayFile } from '../../model/data/inputArrays'
import { readModelFile } from '../../model/files/readModelFile'
import { runModel, type FileOutput } from '../../model/files/runFile'
import { exportedText } from '../../model/files/presentExported'
import { checkModelFile } from '../../model/files/checkFile'
import { lineOptions, lineSettings } from '../board/boardLine'
import { clientOf } from '../framework/localClient'
import {
  repeatedOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliResult,
  type CliVerb
} from '../framework/framework'
import { networkPath } from './networkPath'

/** `model check`: everything that stands in the way of a file. */
export const checkVerb: CliVerb = {
  summary:
    'Whether an ONNX or TFLite file is read and can be deployed, with everything that stands in the way.',
  usage: 'FILE.onnx [--output NAME]',
  options: { output: { type: 'string', help: 'output to use of a network with several; the first without' } },
  async run(args, context) {
    const file = onlyFile(args.positionals)
    const check = await checkModelFile(networkPath(context.cwd, file), textOption(args, 'output'))
    const lines = check.obstacles.map(({ message, hint }) => `- ${message}\n  ${hint}`)
    if (check.readable && check.outputs.length > 1)
      lines.push(`${usedOutputText(check.outputs, check.output)}; --output NAME chooses another.`)
    if (check.exported !== undefined) lines.push(...exportedText(check.exported))
    const head = `readable: ${check.readable ? 'yes' : 'no'}, deployable: ${check.deployable ? 'yes' : 'no'}`
    return { json: check, text: [head, ...lines].join('\n'), exitCode: check.deployable ? 0 : 1 }
  }
}

/** Which of several outputs is used. */
export function usedOutputText(outputs: readonly string[], used: string | null): string {
  return `Of the outputs ${outputs.join(', ')}, "${used}" is used`
}

/** `model run`: a network's outputs on given inputs, to be compared with onnxruntime. */
export const runVerb: CliVerb = {
  summary:
    'Outputs of an ONNX or TFLite file on the items of a .npy array, in float or as integers under a scheme.',
  usage:
    'FILE.onnx --input [NAME=]X.npy [--scheme float|int8|exported|w4a8|w8a8,w4a4,…] [--output NAME] [--board ID]',
  options: {
    input: {
      type: 'string',
      multiple: true,
      help: 'array of one item, or of several along its first dimension; NAME=X.npy for each of several inputs'
    },
    scheme: {
      type: 'string',
      help: 'float, int8, exported, one bit pair for all layers, or one per layer',
      default: 'float'
    },
    output: { type: 'string', help: 'one output; all without, the first on a board' },
    board: { type: 'string', help: 'board id or serial port that computes them; needs a scheme' },
    ...lineOptions
  },
  async run(args, context) {
    const file = onlyFile(args.positionals)
    const boardId = textOption(args, 'board')
    if (boardId !== undefined) return runOnBoard(args, context, file, boardId)
    const { model } = await readModelFile(networkPath(context.cwd, file))
    const array = await readInputArrays(model, inputsOf(args, context))
    const output = textOption(args, 'output')
    const result = runModel(
      model,
      array,
      textOption(args, 'scheme') ?? 'float',
      output === undefined ? [] : [output]
    )
    return { json: result, text: describe(result.outputs) }
  }
}

async function runOnBoard(
  args: CliArguments,
  context: CliContext,
  file: string,
  boardId: string
): Promise<CliResult> {
  const scheme = textOption(args, 'scheme')
  if (scheme === undefined || scheme === 'float')
    throw new UsageError('a board computes integers: give --scheme int8 or bit pairs')
  const inputs = inputsOf(args, context)
  const client = await clientOf(context)
  await client.call('board.connect', { id: boardId, settings: lineSettings(args) })
  const result = await client.call('deploy.outputs', {
    file: networkPath(context.cwd, file),
    inputs,
    scheme,
    output: textOption(args, 'output') ?? null,
    boardId
  })
  const verdict = result.equalsHost ? "equal to the host's integer reference" : 'DIFFERENT from the host'
  return {
    json: result,
    text: `${describe(result.outputs)}\n${verdict}`,
    exitCode: result.equalsHost ? 0 : 1
  }
}

function describe(outputs: readonly FileOutput[]): string {
  const lines = outputs.map(({ name, shape, values }) => {
    const shown = values.slice(0, 16).map((value) => value.toPrecision(6))
    return `${name} [${shape.join(', ')}]: ${shown.join(' ')}${values.length > 16 ? ' …' : ''}`
  })
  return lines.join('\n')
}

function onlyFile(positionals: readonly string[]): string {
  const [file, second] = positionals
  if (file === undefined) throw new UsageError('name an ONNX file')
  if (second !== undefined) throw new UsageError(`one file at a time, not also "${second}"`)
  return file
}

/** The arrays that --input names. */
function inputsOf(args: CliArguments, { cwd }: CliContext): InputArrayFile[] {
  const texts = repeatedOption(args, 'input')
  if (texts.length === 0) throw new UsageError('--input X.npy is needed')
  return texts.map((text) => {
    const at = text.indexOf('=')
    return { file: path.resolve(cwd, text.slice(at + 1)), name: at < 0 ? null : text.slice(0, at) }
  })
}
