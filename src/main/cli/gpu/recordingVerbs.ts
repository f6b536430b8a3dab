import path from 'node:path'
import { AppError } from '../../../shared/errors'
import { countOf } from '../../../shared/units'
import { exportNames } from '../../gpu/exportNames'
import type { GpuService } from '../../gpu/gpuService'
import type { RunningRecording } from '../../gpu/recording/recordingJobs'
import {
  numberOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliResult
} from '../framework/framework'
import { energyText } from './energyText'

/** Rests of a recording where the options name none, ms. */
interface DefaultRests {
  idleMs: number
  idleAfterMs: number
}

/** The options of every verb that records. */
export const recordOptions = ({ idleMs, idleAfterMs }: DefaultRests) =>
  ({
    out: {
      type: 'string',
      help: 'also write the readings here, and the phases beside it as NAME.phases.EXT'
    },
    idle: {
      type: 'string',
      help: 'rest before the command in ms, for the idle baseline',
      default: String(idleMs)
    },
    'idle-after': {
      type: 'string',
      help: 'rest after the command in ms, for a second baseline',
      default: String(idleAfterMs)
    },
    duration: { type: 'string', help: 'without a command: how long to record, in ms' },
    title: { type: 'string', help: 'name of the recording; the command without' }
  }) as const

/** What is recorded by those options. @throws UsageError where neither or both of a command and a duration are given */
export function recordedOf(args: CliArguments, { idleMs, idleAfterMs }: DefaultRests) {
  const durationMs = numberOption(args, 'duration', { min: 100, max: 2 ** 31 - 1 })
  if (args.positionals.length === 0 && durationMs === undefined) {
    throw new UsageError('give a command after "--", or --duration MS to record time alone')
  }
  if (args.positionals.length > 0 && durationMs !== undefined) {
    throw new UsageError('--duration is for recordings without a command; this one ends with its command')
  }
  return {
    title: textOption(args, 'title'),
    command: args.positionals,
    durationMs,
    idleMs: numberOption(args, 'idle', { min: 0, max: 600_000 }) ?? idleMs,
    idleAfterMs: numberOption(args, 'idle-after', { min: 0, max: 600_000 }) ?? idleAfterMs
  }
}

/**
 * Records until the job ends or the verb is interrupted, writes the files of --out and reports the energy; the exit code is 1
 * where the recording is not complete.
 * @param start begins the recording; what its command prints is passed on
 * @throws AppError of the recording; one that was cancelled is kept and reported like any other
 */
export async function recordAndReport(
  args: CliArguments,
  context: CliContext,
  start: (onOutput: (stream: 'stdout' | 'stderr', text: string) => void) => Promise<RunningRecording>
): Promise<CliResult> {
  const file = outFile(args, context)
  const { jobs } = await context.bitbench()
  // With --json, stdout is one document: what the command prints goes to stderr.
  const stdout = context.json ? process.stderr : process.stdout
  const { jobId, recordingId, result } = await start((stream, text) =>
    (stream === 'stdout' ? stdout : process.stderr).write(text)
  )
  const cancel = (): void => jobs.cancel(jobId)
  if (context.signal.aborted) cancel()
  else context.signal.addEventListener('abort', cancel, { once: true })
  context.log(`Recording ${recordingId}`)
  try {
    await result
  } catch (reason) {
    if (AppError.from(reason).code !== 'job.cancelled') throw reason
  } finally {
    context.signal.removeEventListener('abort', cancel)
  }
  const { json, text, isComplete } = await recordingReport(context, recordingId, file)
  return { json, text, exitCode: isComplete ? 0 : 1 }
}

/**
 * The file of --out as an absolute path; undefined without it. A wrong ending is reported here, before the command has run
 * for an hour.
 *
 * @throws AppError as exportNames does
 */
export function outFile(args: CliArguments, { cwd }: CliContext): string | undefined {
  const out = textOption(args, 'out')
  if (out === undefined) return undefined
  const file = path.resolve(cwd, out)
  exportNames(file)
  return file
}

/**
 * Writes the files of --out and returns a recording's energy as JSON and as text.
 *
 * @param notes lines of the text below the energy
 */
export async function recordingReport(
  context: CliContext,
  id: string,
  file: string | undefined,
  notes: readonly string[] = []
) {
  const { gpu, energy } = await context.bitbench()
  const { recording } = await gpu.handlers['gpu.recording']({ id }, { signal: context.signal })
  const files = file === undefined ? [] : await gpu.exportRecording(id, file)
  const report = await energy.report(id)
  const written = files.map((entry) => `Wrote ${countOf(entry.rows, 'row')} to ${entry.file}`)
  return {
    json: { recording, energy: report, files },
    text: [energyText(recording, report), ...notes, ...written].join('\n'),
    isComplete: recording.state === 'done'
  }
}

/** Takes a file over as a recording and reports its energy. @throws AppError as gpu.importRecording does */
export async function importAndReport(
  request: Parameters<GpuService['handlers']['gpu.importRecording']>[0],
  context: CliContext
): Promise<CliResult> {
  const { gpu, energy } = await context.bitbench()
  const { recording, notes } = await gpu.handlers['gpu.importRecording'](request, { signal: context.signal })
  const report = await energy.report(recording.id)
  return {
    json: { recording, notes, energy: report },
    text: [energyText(recording, report), ...notes.map((note) => `Note: ${note}`)].join('\n')
  }
}
