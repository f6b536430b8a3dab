import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { env as ortEnv, listSupportedBackends } from 'onnxruntime-node'
import { env } from 'node:process'
import type { LatencyRequest } from '../../../shared/contract/workload/stageProtocol'
import {
  taskMetricSchema,
  type TaskMetric,
  type WorkloadPrecision
} from '../../../shared/contract/workload/workloadRows'
import { runnerRequestSchema, workloadProtocol } from '../../../shared/contract/workload/workloadProtocol'
import { AppError } from '../../../shared/errors'
import { layerTypeRule } from '../layerTypeFile'
import { describeLayers, type LayerFacts } from './layers'
import { listProviders } from './listProviders'
import { offeredPrecisions } from './precisions'
import { print } from './printer'
import { cacheToExceed } from './processorCache'
import { stageTimes } from './stageTimes'
import { createSteps, type Steps } from './steps'
import { openSubject, type OnnxFiles, type Subject } from './subject'

/**
 * The runner on onnxruntime-node: a process of its own that prints protocol lines (shared/contract/workloadProtocol.ts) and
 * does the steps that it is sent on stdin. It measures and changes the network; all statistics are Bitbench's.
 */
const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    data: { type: 'string' },
    name: { type: 'string', default: 'network' },
    task: { type: 'string', default: 'accuracy' },
    batch: { type: 'string', default: '8' },
    samples: { type: 'string', default: '100000' },
    provider: { type: 'string', default: 'cpu' },
    threads: { type: 'string', default: '1' },
    scratch: { type: 'string' },
    note: { type: 'string', multiple: true, default: [] },
    types: { type: 'string' },
    /** Tries the execution providers instead of running a network. */
    providers: { type: 'boolean', default: false }
  }
})

async function serve(files: OnnxFiles): Promise<void> {
  const { model, data, scratch } = values
  if (model === undefined || data === undefined || scratch === undefined) {
    throw new AppError(
      'input.invalid',
      'The runner needs --model, --data and --scratch.',
      'Bitbench gives them.'
    )
  }
  const batch = Number(values.batch)
  const threads = Number(values.threads)
  const isTimed = env['BITBENCH_WORKLOAD_STAGES'] === '1'
  const subject = await openSubject({
    ...{ files, modelFile: model, dataFile: data, batch, threads, provider: values.provider },
    half: isTimed ? 'kept' : 'widened',
    samples: Number(values.samples),
    givenType: values.types === undefined ? undefined : await layerTypeRule(values.types)
  })
  const timer = isTimed ? await stageTimes(subject, taskOf(), print) : null
  const precisions = timer === null ? await offeredPrecisions(subject) : onlyFp32
  const offered = precisions.filter(({ reason }) => reason === null).map(({ precision }) => precision)
  greet(subject, offered, timer?.note ?? null)
  for (const { precision, reason } of precisions) {
    if (reason !== null) print({ event: 'skipped', id: `benchmark:${precision}`, reason })
  }
  if (timer !== null) {
    print({ event: 'knobs', ...timer.offer })
    print({ event: 'plan', steps: [] })
    return await serveRequests({
      run: ({ id }) => Promise.reject(noStep(id)),
      latency: timer.measure
    })
  }
  const layers = describeLayers(subject)
  for (const layer of layers) printLayer(subject, layer)
  const steps = createSteps(subject, layers, scratch, print)
  await printPlan(subject, layers, offered, steps)
  await serveRequests({
    run: ({ id, forMs, cacheBytes }) => steps.run(id, forMs, cacheToExceed(values.provider, cacheBytes)),
    latency: ({ id }) => Promise.reject(noStep(id))
  })
}

function greet(subject: Subject, offered: readonly WorkloadPrecision[], stageNote: string | null): void {
  const isCpuHalf = offered.includes('fp16') && values.provider === 'cpu'
  const providers = listSupportedBackends().map(({ name }) => name)
  print({
    event: 'hello',
    protocol: workloadProtocol,
    runner: 'onnx',
    runtime: `onnxruntime ${ortEnv.versions.node ?? ''}`,
    device: values.provider,
    threads: Number(values.threads),
    precisions: [...offered],
    model: values.name,
    task: values.task,
    batch: subject.batch,
    notes: [
      ...values.note,
      ...(stageNote === null ? [] : [stageNote]),
      ...(subject.file === subject.network.model
        ? []
        : [
            'of the two versions in this file, the one without a cache (the first pass) is measured and changed'
          ]),
      ...(subject.file.isWidened === true
        ? [
            'this file holds half precision: fp32 is the same weights computed in float32, and every other precision is made from that'
          ]
        : []),
      'phases: looped inside one call of the runtime (ONNX Loop); latency: single calls, with what a call costs',
      ...(isCpuHalf
        ? ['fp16 on this CPU provider may be computed in fp32 between casts: its time says nothing of a GPU']
        : []),
      `providers that this package can load: ${providers.join(', ')}`
    ]
  })
}

function printLayer(subject: Subject, layer: LayerFacts): void {
  const { group, parameters, macs, sameAs, sharedWith } = layer
  const { id, type, className } = group
  print({
    ...{ event: 'layer', id, type, class: className, parameters, macs, sharedWith },
    inputShapes: group.inputs.map((name) => subject.shapeOf(name) ?? []),
    calls: 1,
    ...(sameAs === undefined ? {} : { sameAs })
  })
}

/** Prints the plan; how long predictions take is estimated from the passes that listing them needs. */
async function printPlan(
  subject: Subject,
  layers: readonly LayerFacts[],
  offered: readonly WorkloadPrecision[],
  steps: Steps
): Promise<void> {
  const timed = [
    ...offered.map((precision) => ({ id: `benchmark:${precision}`, kind: 'benchmark' })),
    ...layers
      .filter(({ sameAs }) => sameAs === undefined)
      .map(({ group }) => ({ id: `layer:${group.id}`, kind: 'layer' }))
  ]
  const started = performance.now()
  const names = await steps.predictionSteps(offered)
  const perPass = (performance.now() - started) / 1000 / Math.max(1, subject.calibrationBatches.length)
  const seconds = Math.max(0.02, perPass * subject.testBatches.length)
  print({ event: 'plan', steps: [...timed, ...names.map((id) => ({ id, kind: 'predictions', seconds }))] })
}

const onlyFp32 = [{ precision: 'fp32', reason: null }] as const

/** @throws input.invalid */
function taskOf(): TaskMetric {
  const read = taskMetricSchema.safeParse(values.task)
  if (read.success) return read.data
  throw new AppError(
    'input.invalid',
    `There is no task "${values.task}".`,
    `Give ${taskMetricSchema.options.join(' or ')}.`
  )
}

function noStep(id: string): AppError {
  return new AppError(
    'input.notFound',
    `This runner was not started for "${id}".`,
    'Set BITBENCH_WORKLOAD_STAGES=1 for stage times, and not for workload runs.'
  )
}

/** Does what it is sent on stdin until it is stopped; a request that fails leaves the others possible. */
async function serveRequests(does: {
  run(step: { id: string; forMs: number; cacheBytes?: number | undefined }): Promise<void>
  latency(request: LatencyRequest): Promise<void>
}): Promise<void> {
  const report = async (id: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work()
      print({ event: 'done', id })
    } catch (cause) {
      const error = AppError.from(cause)
      print({ event: 'error', id, code: error.code, message: error.message })
    }
  }
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === '') continue
    const request = runnerRequestSchema.parse(JSON.parse(line))
    if (request.do === 'stop') break
    if (request.do === 'latency') await report(request.id, () => does.latency(request))
    else {
      const { ids, forMs = 200, cacheBytes } = request
      for (const id of ids) await report(id, () => does.run({ id, forMs, cacheBytes }))
    }
  }
  print({ event: 'done' })
}

/** Serves steps until stdin ends (or tries the providers), then ends the process. */
export async function runWorkloadRunner(files: OnnxFiles): Promise<never> {
  try {
    await (values.providers ? listProviders(files) : serve(files))
    process.exit(0)
  } catch (cause) {
    const error = AppError.from(cause)
    print({ event: 'error', code: error.code, message: `${error.message} ${error.hint}` })
    process.exit(1)
  }
}
