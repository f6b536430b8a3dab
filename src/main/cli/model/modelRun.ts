import path from 'node:path'
import { ownInputs } from '../../../core/model/inputLayout'
import { parseNpy, type NpyArray } from '../../../core/model/npyArray'
import type { OnnxModel } from '../../../core/model/onnx'
import { AppError } from '../../../shared/errors'
import { readRegularFile } from '../../files/readRegularFile'
import { joinInputs } from '../../model/joinInputs'
import { readModelFile } from '../../model/readModelFile'
import { runModel, type FileOutput } from '../../model/runFile'
import { exportedText } from '../../model/presentExported'
import { checkModelFile } from '../../model/checkFile'
import { lineOptions, lineSettings } from '../board/boardLine'
import { createLocalClient } from '../framework/localClient'
import {
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
      lines.push(
        `Of the outputs ${check.outputs.join(', ')}, "${check.output}" is used; --output NAME chooses another.`
      )
    if (check.exported !== undefined) lines.push(...exportedText(check.exported))
    const head = `readable: ${check.readable ? 'yes' : 'no'}, deployable: ${check.deployable ? 'yes' : 'no'}`
    return { json: check, text: [head, ...lines].join('\n'), exitCode: check.deployable ? 0 : 1 }
  }
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
      help: 'array of one item, or of several along its first dimension'
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
    const array = await inputArray(model, args.values['input'], context)
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
  const input = await boardInput(file, args.values['input'], context)
  const client = createLocalClient(await context.bitbench(), context.signal)
  await client.call('board.connect', { id: boardId, settings: lineSettings(args) })
  const result = await client.call('deploy.outputs', {
    file: networkPath(context.cwd, file),
    inputFile: path.resolve(context.cwd, input.file),
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

/** The array of the only input, or the arrays of all inputs by name, joined. */
async function inputArray(model: OnnxModel, given: unknown, context: CliContext): Promise<NpyArray> {
  const inputs = inputsOf(given)
  const read = async (file: string): Promise<NpyArray> =>
    parseNpy(await readRegularFile(path.resolve(context.cwd, file)), file)
  const [first, second] = inputs
  if (second === undefined && isWhole(model, first)) return read(first.file)
  const arrays = new Map<string, NpyArray>()
  for (const { file, name } of inputs) {
    if (name === null) throw new UsageError('name each array: --input NAME=X.npy')
    if (arrays.has(name)) throw new UsageError(`the input "${name}" is given twice`)
    arrays.set(name, await read(file))
  }
  return joinInputs(model, arrays)
}

/**
 * Whether one array is all that the network reads: one without a name, or that of its only input.
 * @throws AppError input.invalid where the only input has another name
 */
function isWhole(model: OnnxModel, { name }: Input): boolean {
  if (name === null) return true
  const [first, second] = ownInputs(model)
  if (first === undefined || second !== undefined) return false
  if (first.name === name) return true
  throw new AppError('input.invalid', `The network has no input "${name}".`, `Its input is "${first.name}".`)
}

interface Input {
  readonly file: string
  /** Null where none is given. */
  readonly name: string | null
}

function inputsOf(given: unknown): Input[] {
  const texts = Array.isArray(given) ? given.filter((entry) => typeof entry === 'string') : []
  if (texts.length === 0) throw new UsageError('--input X.npy is needed')
  return texts.map((text) => {
    const at = text.indexOf('=')
    return at < 0 ? { file: text, name: null } : { file: text.slice(at + 1), name: text.slice(0, at) }
  })
}

/** A board is given one array; of a network with several inputs, items with all inputs one behind the other. */
async function boardInput(file: string, given: unknown, context: CliContext): Promise<Input> {
  const [input, second] = inputsOf(given)
  const isOne =
    second === undefined &&
    (input.name === null || isWhole((await readModelFile(path.resolve(context.cwd, file))).model, input))
  if (!isOne)
    throw new UsageError('a board takes one array without a name: items with all inputs one behind the other')
  return input
}
