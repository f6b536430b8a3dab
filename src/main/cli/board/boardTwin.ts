import { countOf, formatPercentValue } from '../../../shared/units'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { kernelRowSchema, type PrintedKernelRow, type Twin } from '../../../shared/contract/board/boardTwin'
import { AppError } from '../../../shared/errors'
import { readRegularFile } from '../../files/readRegularFile'
import { lineOptions, lineSettings } from './boardLine'
import {
  numberOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliVerb
} from '../framework/framework'
import { benchKernels } from '../bench/kernelBench'
import { clientOf, createProgressLine } from '../framework/localClient'

/** What `bench kernels --json` prints, as far as a twin needs it; a bare list of rows will do. */
const rowsFileSchema = z.object({
  board: z.object({ isa: z.string(), clockHz: z.number().nullable() }).partial().optional(),
  rows: z.array(kernelRowSchema)
})

interface RowsOfBoard {
  rows: PrintedKernelRow[]
  isa: string | null
  clockHz: number | null
}

/** `bitbench board twin`: a cycle model fitted to rows of a real board, as a board of its own. */
export const boardTwinVerb: CliVerb = {
  summary:
    'Fits a cycle model to kernel rows of a board (a file of `bench kernels --json`, or the board itself) and keeps it as a board.',
  usage: 'ROWS.json|BOARD|twin:N [--name N] [--baud N] [--judge FILE] [--seed S] [--clock-hz HZ]',
  options: {
    ...lineOptions,
    name: {
      type: 'string',
      help: 'name of the twin; its board is twin:N. Given as twin:N, it is fitted again to the rows it keeps'
    },
    judge: {
      type: 'string',
      help: 'rows that only judge; without it half of the rows judge a fit on the rest'
    },
    seed: { type: 'string', help: 'seed of the halves', default: '1' },
    'clock-hz': {
      type: 'string',
      help: 'clock of the real board, where the rows or the kept twin do not say it or say another'
    }
  },
  async run(args, context) {
    const source = args.positionals[0]
    if (source === undefined) throw new UsageError('rows or a board are missing')
    const kept = /^twin:(.+)$/.exec(source)?.[1]
    const name = textOption(args, 'name') ?? kept
    if (name === undefined) throw new UsageError('--name is missing')
    if (kept !== undefined && kept !== name)
      throw new UsageError(`${source} is fitted again under its own name; leave --name out`)
    const judgeFile = textOption(args, 'judge')
    if (kept !== undefined && judgeFile !== undefined)
      throw new UsageError(`${source} keeps its judge; leave --judge out`)
    const seed = numberOption(args, 'seed', { min: 0, max: 0xffff_ffff, integer: true }) ?? 1
    const clockHz = numberOption(args, 'clock-hz', { min: 1, max: 0xffff_ffff, integer: true })
    const measured =
      kept === undefined ? await rowsOf(source, args, context) : { rows: null, isa: null, clockHz: null }
    const judge = judgeFile === undefined ? null : (await readRows(judgeFile, context)).rows
    const client = await clientOf(context)
    const { jobId } = await client.call('board.fitTwin', {
      name,
      rows: measured.rows,
      judge,
      seed,
      clockHz: clockHz ?? measured.clockHz,
      isa: measured.isa
    })
    await client.finish(jobId, createProgressLine(context.log, process.stderr))
    const { twins } = await client.call('board.twins', {})
    const twin = twins.find((one) => one.name === name)!
    return { json: twin, text: twinText(twin) }
  }
}

async function rowsOf(source: string, args: CliArguments, context: CliContext): Promise<RowsOfBoard> {
  const isFile = source.endsWith('.json') || existsSync(path.resolve(context.cwd, source))
  if (isFile && !source.startsWith('/dev/')) return await readRows(source, context)
  const { board } = await context.bitbench()
  const { signal, log } = context
  const options = { repetitions: 2, seed: 1, reference: false, line: lineSettings(args), signal, log }
  const { rows, info } = await benchKernels(board, source, options)
  return { rows, isa: info.isa, clockHz: info.clockHz }
}

async function readRows(file: string, context: CliContext): Promise<RowsOfBoard> {
  const full = path.resolve(context.cwd, file)
  const text = (await readRegularFile(full)).toString('utf8')
  const json = parseJson(text)
  const parsed = rowsFileSchema.safeParse(Array.isArray(json) ? { rows: json } : json)
  if (parsed.success) {
    const { rows, board } = parsed.data
    return { rows, isa: board?.isa ?? null, clockHz: board?.clockHz ?? null }
  }
  const [issue] = parsed.error.issues
  throw new AppError(
    'input.invalid',
    `${file} does not hold kernel rows: ${issue?.path.join('.') || 'the file'}: ${issue?.message ?? ''}`,
    'Give a file that `bitbench bench kernels --json` printed.'
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function twinText(twin: Twin): string {
  const show = ({ mean, max }: { mean: number; max: number }): string =>
    `${formatPercentValue(mean, 2)} mean, ${formatPercentValue(max, 2)} max`
  const lines = [
    `${twin.id}: ${twin.structure}`,
    `fitted on ${twin.fitRows} rows: ${show(twin.fit)}`,
    twin.heldOut === null
      ? 'no rows to judge it that it has not seen'
      : `on ${countOf(twin.heldOutRows, 'row')} not seen: ${show(twin.heldOut)}`
  ]
  if (twin.kernelBuild !== null)
    lines.push(`kernels of build ${twin.kernelBuild.toString(16).padStart(8, '0')}`)
  if (twin.otherCodeRows > 0)
    lines.push(`measured with another version of the kernels: ${countOf(twin.otherCodeRows, 'row')}`)
  return lines.join('\n')
}
