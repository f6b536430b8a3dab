import path from 'node:path'
import { kernelNames, origins, sampleUnits } from '../../../shared/vocabulary'
import { countOf, formatDuration } from '../../../shared/units'
import { lineOptions, lineSettings } from '../board/boardLine'
import {
  listOption,
  choiceOption,
  numberOption,
  requiredBoard,
  textOption,
  UsageError,
  type CliNoun
} from '../framework/framework'
import { clientOf, createProgressLine, type LocalClient } from '../framework/localClient'
import { kernelEnergyOf, kernelEnergyOptions } from './kernelEnergy'
import { adaptiveVerb } from './profileAdaptive'
import { decimalOption, kernelOf, pairOf, shapeNotes, shapesOption } from './profileOptions'
import { networkPath } from '../model/networkPath'
import { boardPrefix } from '../../../shared/contract/run/runComparison'
import { namedBoard } from './namedBoard'
import { namedRun } from '../run/namedRun'
import { comparisonText } from '../run/runComparisonText'

/** `bitbench profile`: measure kernels on a board; Samples in and out of CSV. */
export const profileCli: CliNoun = {
  noun: 'profile',
  verbs: {
    run: {
      summary: 'Measures shapes at bit pairs on a board; what is measured already is not measured again.',
      usage:
        '--board BOARD [--baud N] [--model FILE.onnx] [--shape matmul:1x120x256,...] [--space-filling N] [--pairs w8a8,w2a4] [--meter PORT --voltage V] [--plan]',
      options: {
        board: { type: 'string', help: 'board id or serial port; `bitbench board list` names them' },
        ...kernelEnergyOptions,
        ...lineOptions,
        model: { type: 'string', help: 'ONNX file whose layers are measured' },
        shape: {
          type: 'string',
          help: 'shapes as kernel:sizes, joined by commas; the sizes are explained below'
        },
        'space-filling': {
          type: 'string',
          help: 'further shapes per kernel around those; 12, or none where shapes are named'
        },
        kernels: { type: 'string', help: 'kernels of the space-filling set, joined by commas' },
        pairs: { type: 'string', help: 'bit pairs such as w8a8,w2a4; all the board has without' },
        repetitions: { type: 'string', help: 'per Sample', default: '2' },
        seed: { type: 'string', help: 'seed of the design and the operands', default: '1' },
        remeasure: { type: 'boolean', help: 'measure again what there are Samples of' },
        plan: { type: 'boolean', help: 'only show what would be measured and how long it takes' }
      },
      notes: shapeNotes,
      async run(args, context) {
        // A wrong command line is refused before the data file is opened.
        const boardId = requiredBoard(args)
        const settings = lineSettings(args)
        const energy = kernelEnergyOf(args)
        const shapes = shapesOption(args)
        const pairs = listOption(args, 'pairs').map(pairOf)
        const kernels = listOption(args, 'kernels').map(kernelOf)
        const client = await clientOf(context)
        const model = textOption(args, 'model')
        const opened =
          model === undefined
            ? null
            : await client.call('model.open', { path: networkPath(context.cwd, model) })
        const request = {
          boardId,
          modelId: opened?.model.id ?? null,
          shapes,
          // Named shapes are measured, and nothing else unless it is requested.
          spaceFilling:
            numberOption(args, 'space-filling', { min: 0, max: 2000, integer: true }) ??
            (shapes.length > 0 ? 0 : 12),
          kernels,
          pairs,
          repetitions: numberOption(args, 'repetitions', { min: 1, max: 64, integer: true }) ?? 2,
          seed: numberOption(args, 'seed', { min: 0, max: 0xffff_ffff, integer: true }) ?? 1,
          remeasure: args.values['remeasure'] === true,
          energy
        }
        await client.call('board.connect', { id: boardId, settings })
        const { plan } = await client.call('profile.plan', request)
        const planned = `${countOf(plan.samples, 'Sample')} to measure, ${plan.alreadyMeasured} known, ${plan.skipped} skipped; about ${formatDuration(plan.estimateMs)}`
        const skipped = plan.skippedBecause.map(({ reason, count }) => `\n  ${count} skipped: ${reason}`)
        const text = planned + skipped.join('')
        if (args.values['plan'] === true) return { json: { plan }, text }
        context.log(text)
        const { jobId, campaignId } = await client.call('profile.run', request)
        await client.finish(jobId, createProgressLine(context.log, process.stderr))
        const { total } = await client.call('profile.samples', { campaignId, limit: 1 })
        const { campaigns } = await client.call('profile.campaigns', {})
        const refused = campaigns.find(({ id }) => id === campaignId)?.error ?? null
        const recordingId = energy === null ? null : await powerOf(client, campaignId)
        const power = recordingId === null ? '' : `\nIts power over time: bitbench gpu show ${recordingId}`
        return {
          json: { campaignId, samples: total, refused, plan, ...(energy && { recordingId }) },
          text: `${countOf(total, 'Sample')} in campaign ${campaignId}${refused === null ? '' : `\n${refused}`}${power}`
        }
      }
    },
    adaptive: adaptiveVerb,
    export: {
      summary:
        'Writes Samples to a file: CSV of one kernel in the columns that proxies read, or Parquet of all.',
      usage:
        'FILE.csv|FILE.parquet [--kernel K] [--board B] [--campaign RUN] [--unit cycles|instructions|nJ]',
      options: {
        kernel: { type: 'string', help: kernelNames.join(', ') },
        board: { type: 'string', help: 'only Samples of this board' },
        campaign: { type: 'string', help: 'only Samples of this campaign' },
        unit: { type: 'string', help: 'cycles, instructions, or nJ for energy' }
      },
      async run(args, context) {
        const file = args.positionals[0]
        if (file === undefined) throw new UsageError('a file is missing')
        const client = await clientOf(context)
        const kernel = choiceOption(args, 'kernel', kernelNames)
        const unit = choiceOption(args, 'unit', sampleUnits)
        const boardId = textOption(args, 'board')
        const campaign = textOption(args, 'campaign')
        const campaignId =
          campaign === undefined ? undefined : await namedRun(client, campaign, { kinds: ['campaign'] })
        const written = await client.call('profile.export', {
          path: path.resolve(context.cwd, file),
          format: file.endsWith('.parquet') ? 'parquet' : 'csv',
          ...(kernel === undefined ? {} : { kernel }),
          ...(unit === undefined ? {} : { unit }),
          ...(boardId === undefined ? {} : { boardId }),
          ...(campaignId === undefined ? {} : { campaignId })
        })
        return {
          json: { rows: written.rows, path: written.path },
          text: `${countOf(written.rows, 'Sample')} in ${written.path}`
        }
      }
    },
    compare: {
      summary:
        'Compares two or more boards with the first: cost of every kernel and bit pair at the same shapes.',
      usage: 'BOARD BOARD…',
      options: {},
      notes: [
        'BOARD: its id, the first 4 or more characters of it, or the name it was measured under.',
        'Of all Samples of a board, the newest of each item; campaigns: bitbench run compare.'
      ],
      async run(args, context) {
        if (args.positionals.length < 2) throw new UsageError('profile compare needs two or more boards')
        const client = await clientOf(context)
        const { groups } = await client.call('profile.summary', {})
        const ids = args.positionals.map((given) => `${boardPrefix}${namedBoard(groups, given)}`)
        const compared = await client.call('run.compare', { ids })
        return { json: compared, text: comparisonText(compared) }
      }
    },
    import: {
      summary: 'Reads a profile CSV of one kernel as Samples of a named board.',
      usage: 'FILE.csv --kernel K --name BOARD [--unit cycles|instructions|nJ]',
      options: {
        kernel: { type: 'string', help: kernelNames.join(', ') },
        name: { type: 'string', help: 'what the board is called' },
        unit: { type: 'string', help: 'unit of the Time column', default: 'cycles' },
        origin: {
          type: 'string',
          help: 'measured, estimated or simulated; without: what the file says, else measured'
        },
        decimal: decimalOption
      },
      async run(args, context) {
        const file = args.positionals[0]
        const kernel = choiceOption(args, 'kernel', kernelNames)
        const boardName = textOption(args, 'name')
        if (file === undefined || kernel === undefined || boardName === undefined) {
          throw new UsageError('a file, --kernel and --name are needed')
        }
        const client = await clientOf(context)
        const read = await client.call('profile.import', {
          file: { path: path.resolve(context.cwd, file) },
          kernel,
          boardName,
          unit: choiceOption(args, 'unit', sampleUnits) ?? 'cycles',
          origin: choiceOption(args, 'origin', origins) ?? null,
          decimal: choiceOption(args, 'decimal', ['.', ','])
        })
        read.warnings.forEach(context.log)
        return {
          json: read,
          text: `${countOf(read.rows, 'Sample')} of ${boardName} in campaign ${read.campaignId}`
        }
      }
    }
  }
}

/** The newest recording of the power beside a campaign; null where there is none. */
async function powerOf(client: Pick<LocalClient, 'call'>, campaignId: string): Promise<string | null> {
  const { recordings } = await client.call('gpu.recordings', {})
  return recordings.find((one) => one.campaignId === campaignId)?.id ?? null
}
