import { spawn } from 'node:child_process'
import path from 'node:path'
import type { CommandOutput } from '../../../shared/contract'
import type { PowerStretch } from '../../../shared/contract/energy'
import type { Gpu, GpuList, Recording } from '../../../shared/contract/gpu'
import { gpuOfCudaIndex } from '../../../core/gpu/cudaOrder'
import { countOf, formatBytes, formatDuration, unavailable } from '../../../shared/units'
import { openSettings } from '../../app/settingsFile'
import { defaultDataFolder } from '../../dataFolder'
import { listGpus, requireGpus } from '../../gpu/smi/listGpus'
import { findSmi } from '../../gpu/smi/smiProcess'
import {
  numberOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliNoun,
  type CliResult
} from '../framework/framework'
import { hostOption } from '../remote/onHost'
import { energyText, stretchText } from './energyText'
import { recordOnHost } from './recordOnHost'
import { importAndReport, recordAndReport, recordedOf, recordOptions } from './recordingVerbs'
import { clientOf } from '../framework/localClient'
import { localTime } from '../framework/localTime'
import { namedRun } from '../run/namedRun'

/** Rests where the options name none, ms. */
const rests = { idleMs: 5_000, idleAfterMs: 2_000 }

/** `bitbench gpu`: what GPUs there are, and recordings of commands. */
export const gpuCli: CliNoun = {
  noun: 'gpu',
  verbs: {
    list: {
      summary: 'Lists the GPUs with driver and what each can report; says why when there is none.',
      usage: '',
      options: {},
      async run(args, context) {
        // Listed without the data file, so that it works while another Bitbench has that open.
        const dataFolder = textOption(args, 'data') ?? defaultDataFolder()
        const settings = await openSettings(path.resolve(dataFolder), context.log)
        const list = await listGpus(spawn, () => findSmi(settings.get().nvidiaSmiPath, process.env))
        return { json: list, text: listText(list) }
      }
    },
    record: {
      summary:
        'Runs a command and records power, clocks, load and temperature meanwhile; prints energy per phase.',
      usage:
        '[--out FILE.csv|FILE.parquet] [--interval MS] [--idle MS] [--idle-after MS] [--gpu 0,1 | --cuda N] [--lock-clock MHZ] [--duration MS] [--host NAME] [-- COMMAND...]',
      options: {
        ...recordOptions(rests),
        ...hostOption,
        interval: { type: 'string', help: 'time between samples in ms', default: '100' },
        cuda: {
          type: 'string',
          help: 'the GPU that a CUDA program sees as this device (CUDA_VISIBLE_DEVICES, CUDA_DEVICE_ORDER)'
        },
        'lock-clock': {
          type: 'string',
          help: 'lock the SM clock at this many MHz meanwhile (nvidia-smi -lgc; needs the right to)'
        },
        gpu: { type: 'string', help: 'indexes of the GPUs to record, joined by commas; all without' }
      },
      async run(args, context) {
        const request = recordRequest(args)
        const host = textOption(args, 'host')
        if (host !== undefined) return recordOnHost(args, context, host, request)
        return recordAndReport(args, context, async (onOutput) => {
          const { gpu } = await context.bitbench()
          const cuda = numberOption(args, 'cuda', { min: 0, integer: true })
          if (cuda !== undefined) {
            const { gpus } = requireGpus(await gpu.list(false))
            request.gpuIndexes = [gpuOfCudaIndex(gpus, cuda, process.env).index]
          }
          return gpu.record(request, onOutput)
        })
      }
    },
    import: {
      summary: 'Takes a recording over: own CSV or Parquet, a log of nvidia-smi, Zeus or CodeCarbon.',
      usage: 'FILE [--title TEXT] [--gpu-name "NVIDIA A100"]',
      options: {
        title: { type: 'string', help: 'name of the recording; the file name without' },
        'gpu-name': {
          type: 'string',
          help: 'the GPU, where the file does not name it: decides about its sensor'
        }
      },
      async run(args, context) {
        const [file, ...more] = args.positionals
        if (file === undefined || more.length > 0) throw new UsageError('one file at a time')
        return importAndReport(
          {
            file: path.resolve(context.cwd, file),
            title: textOption(args, 'title'),
            gpuName: textOption(args, 'gpu-name')
          },
          context
        )
      }
    },
    show: {
      summary: 'Shows one recording with its energy per phase, or lists all recordings.',
      usage: '[RECORDING] [--out FILE.csv|FILE.parquet] [--confidence 0.95] [--from MS] [--to MS]',
      options: {
        out: { type: 'string', help: 'write the samples here, and the phases beside it as NAME.phases.EXT' },
        confidence: { type: 'string', help: 'of the intervals over trials', default: '0.95' },
        from: { type: 'string', help: 'also measure the stretch from here on, ms since its start' },
        to: { type: 'string', help: 'end of that stretch in ms; the end of the recording without' }
      },
      async run(args, context): Promise<CliResult> {
        const [given, ...more] = args.positionals
        if (more.length > 0) throw new UsageError('one recording at a time')
        const { gpu, energy } = await context.bitbench()
        if (given === undefined) {
          const stored = await gpu.handlers['gpu.recordings']({}, { signal: context.signal })
          return { json: stored, text: recordingsText(stored) }
        }
        const confidence = numberOption(args, 'confidence', { min: 0.5, max: 0.999 }) ?? 0.95
        const id = await namedRun(await clientOf(context), given, { kinds: ['recording'] })
        const { recording, phases, gaps } = await shown(id, context)
        const report = await energy.report(id, confidence)
        const stretches = await stretchesOf(args, context, recording)
        const out = textOption(args, 'out')
        const files = out === undefined ? [] : await gpu.exportRecording(id, path.resolve(context.cwd, out))
        const written = files.map((entry) => `Wrote ${countOf(entry.rows, 'row')} to ${entry.file}`)
        return {
          json: { recording, phases, gaps, energy: report, stretches, files },
          text: [energyText(recording, report), ...stretches.map(stretchText), ...written].join('\n')
        }
      }
    }
  }
}

async function shown(id: string, context: Parameters<CliNoun['verbs'][string]['run']>[1]) {
  const { gpu } = await context.bitbench()
  return gpu.handlers['gpu.recording']({ id }, { signal: context.signal })
}

/** The stretch that the options name, of every GPU; none without them. */
async function stretchesOf(args: CliArguments, context: CliContext, recording: Recording) {
  const fromMs = numberOption(args, 'from', { min: 0 })
  const toMs = numberOption(args, 'to', { min: 0 })
  if (fromMs === undefined && toMs === undefined) return []
  const { energy } = await context.bitbench()
  const end = (recording.durationMs ?? 0) + recording.idleAfterMs
  const request = { recordingId: recording.id, fromMs: fromMs ?? 0, toMs: toMs ?? end }
  const stretches: (PowerStretch & { gpuIndex: number })[] = []
  for (const { index: gpuIndex } of recording.gpus) {
    const found = await energy.handlers['energy.stretch'](
      { ...request, gpuIndex },
      { signal: context.signal }
    )
    stretches.push({ gpuIndex, ...found })
  }
  return stretches
}

function recordRequest(args: CliArguments) {
  const gpus = textOption(args, 'gpu')
  if (gpus !== undefined && !/^\d+(,\d+)*$/.test(gpus)) {
    throw new UsageError(`--gpu takes indexes joined by commas, e.g. 0,1, not "${gpus}"`)
  }
  if (gpus !== undefined && textOption(args, 'cuda') !== undefined) {
    throw new UsageError('--gpu and --cuda both choose the GPU; give one of them')
  }
  return {
    ...recordedOf(args, rests),
    intervalMs: numberOption(args, 'interval', { min: 10, max: 60_000, integer: true }) ?? 100,
    lockClockMhz: numberOption(args, 'lock-clock', { min: 1, integer: true }),
    gpuIndexes: gpus?.split(',').map(Number)
  }
}

function listText(list: GpuList): string {
  if (list.state !== 'ready') return `${list.message ?? list.state}\n${list.hint ?? ''}`.trimEnd()
  const stand = list.origin === 'simulated' ? ' (SIMULATED: a stand-in for nvidia-smi)' : ''
  return [`${list.nvidiaSmiPath}, driver ${list.driverVersion}${stand}`, ...list.gpus.map(gpuText)].join('\n')
}

function gpuText(gpu: Gpu): string {
  const { sensor } = gpu
  const missing = gpu.fields
    .filter((field) => !field.supported)
    .map((field) => `${field.metric} (${field.reason})`)
  const timing =
    sensor.updatePeriodMs === null
      ? ''
      : ` updated every ${sensor.updatePeriodMs} ms over ${sensor.averagingWindowMs} ms, ${sensor.family}, ${sensor.basis}:`
  return [
    `GPU ${gpu.index}: ${gpu.name}, ${formatBytes(gpu.memoryTotalBytes)}, PCI ${gpu.pciBusId ?? unavailable}`,
    ...(gpu.migEnabled === true
      ? [
          `  MIG is on, the power is that of the whole card: ${
            gpu.migDevices.map((slice) => `${slice.profile} ${slice.uuid}`).join(', ') || 'no slice'
          }`
        ]
      : []),
    `  power from ${gpu.powerField ?? unavailable};${timing} ${sensor.note}`,
    `  unavailable: ${missing.length === 0 ? 'nothing' : missing.join(', ')}`
  ].join('\n')
}

function recordingsText({ recordings, unreadable }: CommandOutput<'gpu.recordings'>): string {
  if (recordings.length + unreadable.length === 0) return 'No recordings yet: bitbench gpu record -- COMMAND'
  return [
    ...recordings.map(
      (recording) =>
        `${recording.id}  ${localTime(recording.startedAtMs)}  ${recording.state}${recording.origin === 'simulated' ? ', simulated' : ''}  ` +
        `${formatDuration(recording.durationMs)}  ${countOf(recording.samples, 'sample')}  ${recording.title}`
    ),
    ...unreadable.map(({ id, problem }) => `${id}  cannot be read (${problem}); bitbench run remove ${id}`)
  ].join('\n')
}
