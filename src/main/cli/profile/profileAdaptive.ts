import { proxyKernelNames } from '../../../shared/vocabulary'
import type { AdaptiveRun, AdaptiveStep } from '../../../shared/contract/profile/profileAdaptive'
import { countOf, formatDuration, formatPercentValue } from '../../../shared/units'
import { lineOptions, openLine } from '../board/boardLine'
import {
  listOption,
  choiceOption,
  numberOption,
  requiredBoard,
  textOption,
  type CliArguments,
  type CliVerb
} from '../framework/framework'
import { clientOf, createProgressLine } from '../framework/localClient'
import { pairOf } from './profileOptions'
import { networkPath } from '../model/networkPath'
import { namedRun } from '../run/namedRun'

/** `bitbench profile adaptive`: measures one kernel where its proxy is least sure. */
export const adaptiveVerb: CliVerb = {
  summary:
    'Measures where the proxy is least sure until a target error or a time budget, and beside it rows by chance.',
  usage:
    '--board BOARD [--baud N] [--kernel K] [--model FILE.onnx] [--target PERCENT] [--budget SECONDS] [--no-uniform] | --resume ID',
  options: {
    board: { type: 'string', help: 'board id or serial port; `bitbench board list` names them' },
    ...lineOptions,
    kernel: { type: 'string', help: 'one kernel of the board', default: 'conv2d' },
    model: { type: 'string', help: 'ONNX file whose layers join the pool' },
    shapes: { type: 'string', help: 'further shapes that may be measured', default: '48' },
    judge: { type: 'string', help: 'shapes held out to judge on', default: '8' },
    pairs: { type: 'string', help: 'bit pairs such as w8a8,w2a4; all the board has without' },
    first: { type: 'string', help: 'rows of the first batch', default: '16' },
    batch: { type: 'string', help: 'rows of every later batch', default: '16' },
    target: { type: 'string', help: 'stop at this error on unseen shapes, percent; 0 never', default: '5' },
    budget: { type: 'string', help: 'seconds of board time', default: '60' },
    'no-uniform': { type: 'boolean', help: 'do not measure rows by chance to compare with' },
    repetitions: { type: 'string', help: 'per Sample', default: '2' },
    seed: { type: 'string', help: 'seed of the pool and the choices', default: '1' },
    resume: { type: 'string', help: 'go on with this run, by its name or id' }
  },
  async run(args, context) {
    const named = textOption(args, 'resume')
    // A wrong command line is refused before the data file is opened.
    const wanted = named === undefined ? wantedRun(args) : null
    const client = await clientOf(context)
    const resumed = named === undefined ? undefined : await namedRun(client, named, { kinds: ['adaptive'] })
    // The run connects its board by itself, with the line as it is set here.
    const before = (await client.call('profile.adaptiveRuns', {})).runs.find(({ id }) => id === resumed)
    const boardId = wanted?.boardId ?? before?.request.boardId
    if (boardId !== undefined) await openLine(client, boardId, args)
    const start = async (): Promise<{ jobId: string; runId: string }> => {
      if (wanted === null) return await client.call('profile.adaptiveResume', { runId: resumed! })
      const model = textOption(args, 'model')
      const opened =
        model === undefined
          ? null
          : await client.call('model.open', { path: networkPath(context.cwd, model) })
      return await client.call('profile.adaptive', { ...wanted, modelId: opened?.model.id ?? null })
    }
    const { jobId, runId } = await start()
    context.log(`adaptive run ${runId}; go on after a stop with --resume ${runId}`)
    await client.finish(jobId, createProgressLine(context.log, process.stderr))
    const { runs } = await client.call('profile.adaptiveRuns', {})
    const run = runs.find(({ id }) => id === runId)!
    return { json: run, text: runText(run) }
  }
}

/** The run that the options describe. @throws UsageError */
function wantedRun(args: CliArguments) {
  const whole = (name: string, min: number, max: number): number | undefined =>
    numberOption(args, name, { min, max, integer: true })
  return {
    boardId: requiredBoard(args),
    kernel: choiceOption(args, 'kernel', proxyKernelNames) ?? ('conv2d' as const),
    poolShapes: whole('shapes', 4, 1000),
    judgeShapes: whole('judge', 0, 100),
    pairs: listOption(args, 'pairs').map(pairOf),
    firstRows: whole('first', 6, 1000),
    batchRows: whole('batch', 1, 1000),
    targetMape: numberOption(args, 'target', { min: 0, max: 1000 }),
    budgetSeconds: numberOption(args, 'budget', { min: 0.001, max: 86_400 }),
    compareUniform: args.values['no-uniform'] !== true,
    repetitions: whole('repetitions', 1, 64),
    seed: whole('seed', 0, 0xffff_ffff)
  }
}

const reasons: Record<NonNullable<AdaptiveRun['stopped']>, string> = {
  target: 'the target error was reached',
  budget: 'the budget was spent',
  exhausted: 'everything in the pool was measured'
}

function runText(run: AdaptiveRun): string {
  const lines = [
    `${run.request.kernel} on ${run.boardName}: ${run.stopped === null ? run.state : reasons[run.stopped]}`,
    `${countOf(run.poolRows, 'row')} could be measured, ${countOf(run.judgeRows, 'row')} of ${countOf(run.request.judgeShapes, 'shape')} were held out; ${run.knownRows} were known from before`,
    '                 board time    rows   unseen shapes     held-out shapes'
  ]
  const row = (name: string, step: AdaptiveStep): string =>
    `${name.padEnd(14)} ${formatDuration(1000 * step.boardSeconds).padStart(12)}  ${String(step.rows).padStart(6)}   ` +
    `${percent(step.unseenShapeMape).padStart(13)}   ${percent(step.judgeMape).padStart(17)}`
  for (const step of run.adaptive) lines.push(row('adaptive', step))
  for (const step of run.uniform) lines.push(row('by chance', step))
  return lines.join('\n')
}

const percent = (value: number | null): string => formatPercentValue(value, 2)
