import path from 'node:path'
import { AppError } from '../../../shared/errors'
import { countOf, formatAmount } from '../../../shared/units'
import { exportNames } from '../../gpu/exportNames'
import { numberOption, textOption, UsageError, type CliArguments, type CliNoun } from '../framework/framework'
import { energyText } from '../gpu/energyText'
import { meterOptions, setupOf, supplyOf, unitOptions, unitsOf } from './meterOptions'

const meterUsage = '--meter PORT [--kind text] [--baud N] [--voltage V] [--units ms,a,v]'

/** `bitbench meter`: energy of a board, read by a power meter beside it. */
export const meterCli: CliNoun = {
  noun: 'meter',
  verbs: {
    read: {
      summary: 'Reads a power meter for a while and prints mean, lowest and highest power.',
      usage: `${meterUsage} [--duration MS]`,
      options: {
        ...meterOptions,
        duration: { type: 'string', help: 'how long to read, in ms', default: '1000' }
      },
      async run(args, context) {
        if (args.positionals.length > 0) throw new UsageError(`"${args.positionals[0]}" has no meaning here`)
        const { meter } = await context.bitbench()
        const durationMs = numberOption(args, 'duration', { min: 50, max: 60_000 }) ?? 1_000
        const read = await meter.handlers['meter.read'](
          { ...setupOf(args), durationMs },
          { signal: context.signal }
        )
        const watt = (value: number): string => formatAmount(value, 'W')
        return {
          json: read,
          text:
            `${watt(read.meanW)} mean, ${watt(read.minW)} to ${watt(read.maxW)}, ${countOf(read.readings, 'reading')}, ` +
            `${formatAmount(read.achievedHz, 'Hz')}, ${read.malformedLines} unreadable line(s)`
        }
      }
    },
    record: {
      summary: 'Records a power meter, by itself or while a command runs; prints energy per phase.',
      usage: `${meterUsage} [--out FILE.csv|FILE.parquet] [--idle MS] [--idle-after MS] [--duration MS] [-- COMMAND...]`,
      options: {
        ...meterOptions,
        out: {
          type: 'string',
          help: 'also write the readings here, and the phases beside it as NAME.phases.EXT'
        },
        idle: {
          type: 'string',
          help: 'rest before the command in ms, for the idle baseline',
          default: '2000'
        },
        'idle-after': {
          type: 'string',
          help: 'rest after the command in ms, for a second baseline',
          default: '1000'
        },
        duration: { type: 'string', help: 'without a command: how long to record, in ms' },
        title: { type: 'string', help: 'name of the recording; the command without' }
      },
      run: (args, context) => recordMeter(args, context)
    },
    import: {
      summary: 'Takes lines time,current[,voltage] of a power meter over as a recording.',
      usage: 'FILE [--voltage V] [--units ms,a,v] [--title TEXT]',
      options: {
        ...unitOptions,
        title: { type: 'string', help: 'name of the recording; the file name without' }
      },
      async run(args, context) {
        const [file, ...more] = args.positionals
        if (file === undefined || more.length > 0) throw new UsageError('one file at a time')
        const meter = { supplyV: supplyOf(args), units: unitsOf(args) }
        const { gpu, energy } = await context.bitbench()
        const { recording, notes } = await gpu.handlers['gpu.importRecording'](
          { file: path.resolve(context.cwd, file), title: textOption(args, 'title'), meter },
          { signal: context.signal }
        )
        const report = await energy.report(recording.id)
        return {
          json: { recording, notes, energy: report },
          text: [energyText(recording, report), ...notes.map((note) => `Note: ${note}`)].join('\n')
        }
      }
    }
  }
}

function recordArguments(args: CliArguments) {
  const durationMs = numberOption(args, 'duration', { min: 100, max: 2 ** 31 - 1 })
  if ((args.positionals.length === 0) === (durationMs === undefined)) {
    throw new UsageError('give either a command after "--" or --duration MS to record time alone')
  }
  return {
    title: textOption(args, 'title'),
    command: args.positionals,
    durationMs,
    idleMs: numberOption(args, 'idle', { min: 0, max: 600_000 }) ?? 2_000,
    idleAfterMs: numberOption(args, 'idle-after', { min: 0, max: 600_000 }) ?? 1_000
  }
}

const recordMeter: CliNoun['verbs'][string]['run'] = async (args, context) => {
  const [setup, request] = [setupOf(args), recordArguments(args)]
  const out = textOption(args, 'out')
  const file = out === undefined ? undefined : path.resolve(context.cwd, out)
  // A wrong ending is reported before the command has run for an hour.
  if (file !== undefined) exportNames(file)
  const { meter, gpu, energy, jobs } = await context.bitbench()
  const stdout = context.json ? process.stderr : process.stdout
  const started = await meter.record(setup, request, (stream, text) =>
    (stream === 'stdout' ? stdout : process.stderr).write(text)
  )
  const cancel = (): void => jobs.cancel(started.jobId)
  if (context.signal.aborted) cancel()
  else context.signal.addEventListener('abort', cancel, { once: true })
  context.log(`Recording ${started.recordingId}`)
  try {
    await started.result
  } catch (reason) {
    // A cancelled recording is kept and reported like any other.
    if (AppError.from(reason).code !== 'job.cancelled') throw reason
  } finally {
    context.signal.removeEventListener('abort', cancel)
  }
  const { recording } = await gpu.handlers['gpu.recording'](
    { id: started.recordingId },
    { signal: new AbortController().signal }
  )
  const files = file === undefined ? [] : await gpu.exportRecording(recording.id, file)
  const report = await energy.report(recording.id)
  const written = files.map((entry) => `Wrote ${countOf(entry.rows, 'row')} to ${entry.file}`)
  return {
    json: { recording, energy: report, files },
    text: [energyText(recording, report), ...written].join('\n'),
    exitCode: recording.state === 'done' ? 0 : 1
  }
}
