import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { env, listSupportedBackends } from 'onnxruntime-node'
import { runnerRequestSchema, workloadProtocol } from '../../../shared/contract/workload/workloadProtocol'
import { AppError } from '../../../shared/errors'
import { describeLayers } from './layers'
import { listProviders } from './listProviders'
import { offeredPrecisions } from './precisions'
import { print } from './printer'
import { createSteps } from './steps'
import { openSubject, type OnnxFiles } from './subject'

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
  const subject = await openSubject({
    ...{ files, modelFile: model, dataFile: data, batch, threads, provider: values.provider },
    samples: Number(values.samples)
  })
  const precisions = await offeredPrecisions(subject)
  const offered = precisions.filter(({ reason }) => reason === null).map(({ precision }) => precision)
  print({
    event: 'hello',
    protocol: workloadProtocol,
    runner: 'onnx',
    runtime: `onnxruntime ${env.versions.node ?? ''}`,
    device: values.provider,
    threads,
    precisions: offered,
    model: values.name,
    task: values.task,
    batch: subject.batch,
    notes: [
      ...values.note,
      'phases: looped inside one call of the runtime (ONNX Loop); latency: single calls, with what a call costs',
      ...(offered.includes('fp16') && values.provider === 'cpu'
        ? ['fp16 on this CPU provider may be computed in fp32 between casts: its time says nothing of a GPU']
        : []),
      `providers that this package can load: ${listSupportedBackends()
        .map(({ name }) => name)
        .join(', ')}`
    ]
  })
  for (const { precision, reason } of precisions) {
    if (reason !== null) print({ event: 'skipped', id: `benchmark:${precision}`, reason })
  }
  const layers = describeLayers(subject)
  for (const { group, parameters, macs, sameAs, sharedWith } of layers) {
    print({
      ...{
        event: 'layer',
        id: group.id,
        type: group.type,
        class: group.className,
        parameters,
        macs,
        sharedWith
      },
      inputShapes: group.inputs.map((name) => subject.shapeOf(name) ?? []),
      calls: 1,
      ...(sameAs === undefined ? {} : { sameAs })
    })
  }
  const steps = createSteps(subject, layers, scratch)
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

  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === '') continue
    const request = runnerRequestSchema.parse(JSON.parse(line))
    if (request.do === 'stop') break
    for (const id of request.ids) {
      try {
        await steps.run(id, request.forMs ?? 200)
        print({ event: 'done', id })
      } catch (cause) {
        const error = AppError.from(cause)
        print({ event: 'error', id, code: error.code, message: error.message })
      }
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
