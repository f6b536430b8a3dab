import { AppError } from '../../../shared/errors'
import { presetRole } from './presets'

/** A named range of a trace; start and end in microseconds on the trace's clock. */
interface TraceRange {
  name: string
  start: number
  end: number
}

const samplePrefix = 'sample '
const stagePrefix = 'stage:'

/**
 * Samples of a PyTorch profiler trace (`profile.export_chrome_trace`). A stage is a range of
 * `torch.profiler.record_function('stage:NAME')`, or one that has a name of the preset vlm (`prefill`, `decode`); the
 * knobs are JSON in the name of the range around it, `record_function('sample {"prompt_tokens": 512}')`, or, for a
 * trace of one sample, the metadata `knobs` (`profile.add_metadata_json('knobs', …)`). Several decode ranges of a
 * sample are one per token. Ranges of the GPU's timeline count where there are some.
 * @throws data.invalid without such ranges, or where a GPU worked and only the CPU's ranges were recorded
 */
export function torchTraceRecords(
  document: Readonly<Record<string, unknown>>,
  fileName: string
): Record<string, unknown>[] {
  const events = (document['traceEvents'] as unknown[]).filter(isEvent)
  const onGpu = rangesOf(events, 'gpu_user_annotation')
  const ranges = onGpu.some(isStage) ? onGpu : rangesOf(events, 'user_annotation')
  const stages = ranges.filter(isStage)
  if (stages.length === 0) {
    throw new AppError(
      'data.invalid',
      `${fileName} is a PyTorch trace without ranges named "stage:NAME".`,
      "Put `with torch.profiler.record_function('stage:prefill'):` around every stage; see docs/guide/estimator.md."
    )
  }
  if (ranges !== onGpu && events.some((event) => event['cat'] === 'kernel')) {
    throw new AppError(
      'data.invalid',
      `${fileName}: kernels ran on a GPU, but the stages were recorded on the CPU alone, where they end at the launch.`,
      'Record with ProfilerActivity.CPU and ProfilerActivity.CUDA, so that the ranges appear on the GPU too.'
    )
  }
  const samples = ranges.filter(({ name }) => name.startsWith(samplePrefix))
  if (samples.length === 0) return [recordOf(metadataKnobs(document), stages)]
  return samples.flatMap((sample) => {
    const inside = stages.filter(({ start, end }) => start >= sample.start && end <= sample.end)
    return inside.length === 0 ? [] : [recordOf(knobsInName(sample.name, fileName), inside)]
  })
}

function recordOf(knobs: unknown, stages: readonly TraceRange[]): Record<string, unknown> {
  const times: Record<string, number> = {}
  const decode: number[] = []
  for (const range of stages) {
    const name = stageName(range.name) as string
    const milliseconds = (range.end - range.start) / 1000
    if (name === 'decode') decode.push(milliseconds)
    else times[name] = (times[name] ?? 0) + milliseconds
  }
  const record: Record<string, unknown> = { knobs, stages: times }
  if (decode.length === 1) times['decode'] = decode[0]
  else if (decode.length > 1) record['decodePerTokenMs'] = decode
  return record
}

/** Ranges of a category in the order of time; those of one name that overlap (on several streams) are one. */
function rangesOf(events: readonly Readonly<Record<string, unknown>>[], category: string): TraceRange[] {
  const found = events
    .filter((event) => event['ph'] === 'X' && event['cat'] === category && Number(event['dur']) > 0)
    .map((event) => ({
      name: String(event['name']),
      start: Number(event['ts']),
      end: Number(event['ts']) + Number(event['dur'])
    }))
    .sort((a, b) => a.start - b.start)
  const last = new Map<string, TraceRange>()
  return found.filter((range) => {
    const open = last.get(range.name)
    if (open !== undefined && range.start < open.end) {
      open.end = Math.max(open.end, range.end)
      return false
    }
    last.set(range.name, range)
    return true
  })
}

function stageName(name: string): string | null {
  if (name.startsWith(stagePrefix)) {
    const plain = name.slice(stagePrefix.length).trim()
    const role = presetRole('vlm', plain)
    return role?.kind === 'stage' ? role.name : plain
  }
  const role = presetRole('vlm', name)
  return role?.kind === 'stage' ? role.name : null
}

function isStage({ name }: TraceRange): boolean {
  const stage = stageName(name)
  return stage !== null && stage !== ''
}

function metadataKnobs(document: Readonly<Record<string, unknown>>): unknown {
  const knobs = document['knobs']
  return typeof knobs === 'object' && knobs !== null && !Array.isArray(knobs) ? knobs : {}
}

function knobsInName(name: string, fileName: string): unknown {
  try {
    const knobs = JSON.parse(name.slice(samplePrefix.length)) as unknown
    if (typeof knobs === 'object' && knobs !== null && !Array.isArray(knobs)) return knobs
  } catch {
    // Reported below.
  }
  throw new AppError(
    'data.invalid',
    `${fileName}: the range "${name.slice(0, 80)}" does not hold knobs as a JSON object.`,
    'Name it like: sample {"prompt_tokens": 512, "top_k": 8}'
  )
}

function isEvent(event: unknown): event is Readonly<Record<string, unknown>> {
  return typeof event === 'object' && event !== null
}
