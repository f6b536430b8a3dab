import path from 'node:path'
import { countOf, formatAmount } from '../../../shared/units'
import { numberOption, textOption, UsageError, type CliNoun } from '../framework/framework'
import { importAndReport, recordAndReport, recordedOf, recordOptions } from '../gpu/recordingVerbs'
import { meterOptions, setupOf, supplyOf, unitOptions, unitsOf } from './meterOptions'

const rests = { idleMs: 2_000, idleAfterMs: 1_000 }
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
            `${formatAmount(read.achievedHz, 'Hz')}, ${countOf(read.malformedLines, 'unreadable line')}`
        }
      }
    },
    record: {
      summary: 'Records a power meter, by itself or while a command runs; prints energy per phase.',
      usage: `${meterUsage} [--out FILE.csv|FILE.parquet] [--idle MS] [--idle-after MS] [--duration MS] [-- COMMAND...]`,
      options: {
        ...meterOptions,
        ...recordOptions(rests)
      },
      async run(args, context) {
        const [setup, request] = [setupOf(args), recordedOf(args, rests)]
        return recordAndReport(args, context, async (onOutput) =>
          (await context.bitbench()).meter.record(setup, request, onOutput)
        )
      }
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
        return importAndReport(
          { file: path.resolve(context.cwd, file), title: textOption(args, 'title'), meter },
          context
        )
      }
    }
  }
}
