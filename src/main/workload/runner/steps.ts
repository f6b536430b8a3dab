import path from 'node:path'
import * as ort from 'onnxruntime-node'
import type { OnnxNode } from '../../../core/model/onnx'
import { copiesFor } from '../../../core/workload/loopCopies'
import { copiedInput, loopLayer } from '../../../core/workload/onnx/cut'
import type { GatedValue } from '../../../core/workload/onnx/gates'
import { networkOf } from '../../../core/workload/onnx/network'
import { canLower } from '../../../core/workload/onnx/precision'
import { weightedNode } from '../../../core/workload/onnx/weighted'
import {
  ablationKinds,
  aloneChanges,
  alonePrecisions,
  type AblationKind,
  type AloneChange,
  type WorkloadPrecision
} from '../../../shared/contract/workload/workloadRows'
import { AppError } from '../../../shared/errors'
import { plainFileName } from '../../files/plainFileName'
import { gatesOf, offers, openGated, type Gated } from './ablation'
import type { LayerFacts } from './layers'
import { lowered } from './precisions'
import { predict } from './predict'
import { createPhases, print } from './printer'
import { timeSinglePasses } from './singlePasses'
import type { Subject } from './subject'
import type { Feeds } from './testRows'
import { createTimedLoop, type TimedLoop } from './timedLoop'

/** Bounds of the copies of a looped layer: each is a body in its loop. Batches of the looped whole. */
const layerBounds = { maxCopies: 64, maxBytes: 256 * 2 ** 20 }
const copiesOfWhole = 4
/** Sessions kept open between trials. */
const maxLoops = 40

/** Does the steps of a plan, in any order. */
export interface Steps {
  /** Ids of the steps that change predictions, for the plan. */
  predictionSteps(precisions: readonly WorkloadPrecision[]): Promise<string[]>
  /** `cacheBytes`: what the inputs of a looped layer should exceed; null where it is not known. */
  run(id: string, forMs: number, cacheBytes: number | null): Promise<void>
}

/** Returns what the runner does for each step of the plan. */
export function createSteps(subject: Subject, layers: readonly LayerFacts[], scratch: string): Steps {
  const phases = createPhases(process.env)
  const loops = new Map<string, { loop: TimedLoop; session: ort.InferenceSession }>()
  const plain = new Map<WorkloadPrecision, Promise<ort.InferenceSession>>()
  let gates: Promise<GatedValue[]> | undefined
  let gated: Promise<Gated> | undefined
  const gatesNow = (): Promise<GatedValue[]> => (gates ??= gatesOf(subject))

  const keepLoop = async (
    id: string,
    make: () => Promise<{ loop: TimedLoop; session: ort.InferenceSession }>
  ): Promise<TimedLoop> => {
    const found = loops.get(id)
    if (found !== undefined) return found.loop
    const [oldest] = loops
    if (oldest !== undefined && loops.size >= maxLoops) {
      loops.delete(oldest[0])
      await oldest[1].session.release()
    }
    const made = await make()
    loops.set(id, made)
    return made.loop
  }
  /** Whole batches: captured shapes are those of a full one. */
  const fullBatches = subject.testBatches.filter(
    (feeds) => Object.values(feeds)[0]?.dims[0] === subject.batch
  )
  const batchAt = (copy: number): Feeds => fullBatches[copy % fullBatches.length]

  const layerLoop = (id: string, cacheBytes: number | null): Promise<TimedLoop> =>
    keepLoop(`layer:${id}`, async () => {
      const { group } = layers.find((layer) => layer.group.id === id)!
      const bytes = bytesOf(await subject.capture(group.inputs, batchAt(0)))
      const copies = copiesFor(bytes, cacheBytes, layerBounds)
      const session = await subject.open(loopLayer(subject.network, group, copies, subject.typeOf))
      const feeds: Feeds = {}
      for (let copy = 0; copy < copies; copy++) {
        const seen = await subject.capture(group.inputs, batchAt(copy))
        for (const [name, tensor] of Object.entries(seen)) {
          // An input of the network itself is the batch's own tensor, which comes again when the batches do.
          feeds[copiedInput(name, copy)] = copy < fullBatches.length ? tensor : ownCopy(tensor)
        }
      }
      const facts = {
        ...{ copies, copiedBytes: copies * bytes },
        ...(cacheBytes === null ? {} : { cacheBytes })
      }
      return { session, loop: createTimedLoop(session, usedOnly(feeds, session), copies, phases, facts) }
    })

  const plainSession = (precision: WorkloadPrecision): Promise<ort.InferenceSession> => {
    const found = plain.get(precision) ?? lowered(subject, precision).then(({ model }) => subject.open(model))
    plain.set(precision, found)
    return found
  }
  const wholeLoop = (precision: WorkloadPrecision): Promise<TimedLoop> =>
    keepLoop(`benchmark:${precision}`, async () => {
      const { model, weightBytes } = await lowered(subject, precision)
      print({ event: 'weights', precision, bytes: weightBytes })
      const network = networkOf(model)
      const inputs = model.inputs.map(({ name }) => name)
      const outputs = model.outputs.map(({ name }) => name)
      const typeOf: Subject['typeOf'] = (name) =>
        model.inputs.find((input) => input.name === name)?.elementType ?? subject.typeOf(name)
      const whole = { id: 'network', nodes: network.nodes, inputs, outputs }
      const session = await subject.open(loopLayer(network, whole, copiesOfWhole, typeOf))
      const feeds: Feeds = {}
      for (let copy = 0; copy < copiesOfWhole; copy++) {
        for (const name of inputs) feeds[copiedInput(name, copy)] = batchAt(copy)[name]
      }
      return { session, loop: createTimedLoop(session, usedOnly(feeds, session), copiesOfWhole, phases) }
    })

  const benchmark = async (precision: WorkloadPrecision, forMs: number): Promise<void> => {
    const name = `benchmark:${precision}`
    await (await wholeLoop(precision)).run(name, forMs)
    const session = await plainSession(precision)
    const run = (pass: number): Promise<unknown> => session.run(batchAt(pass))
    const us = await timeSinglePasses(run, forMs / 2, () => process.hrtime.bigint())
    print({ event: 'latency', name, us })
  }

  const predictions = async (name: string, session: ort.InferenceSession, feeds: Feeds): Promise<void> => {
    const file = path.join(scratch, `${plainFileName(name)}.f32`)
    print({ event: 'predictions', name, file, ...(await predict(subject, session, feeds, file)) })
  }

  const changed = async (name: string, change: string, layer: string): Promise<void> => {
    if (change === 'precision') return predictions(name, await plainSession(layer as WorkloadPrecision), {})
    const alone = aloneChanges.find((one) => one === change)
    if (alone !== undefined) {
      const { group } = layers.find((one) => one.group.id === layer)!
      const only = new Set(group.nodes.filter((node) => subject.weighted.has(node)))
      const { model } = await lowered(subject, alonePrecisions[alone], only)
      const session = await subject.open(model)
      await predictions(name, session, {})
      return session.release()
    }
    const isGate = (await gatesNow()).some(
      (gate) => gate.layer === layer && ablationKinds.some((kind) => kind === change && offers(gate, kind))
    )
    if (!isGate) {
      throw new AppError(
        'input.notFound',
        `This runner has no step "${name}".`,
        'Ask for a step of its plan.'
      )
    }
    const { session, feeds } = await (gated ??= gatesNow().then((all) => openGated(subject, all)))
    await predictions(name, session, feeds(layer, change as AblationKind))
  }

  return {
    async predictionSteps(precisions) {
      const ablations = (await gatesNow()).flatMap((gate) =>
        ablationKinds.filter((kind) => offers(gate, kind)).map((kind) => `${kind}:${gate.layer}`)
      )
      const alone = aloneChanges
        .filter((change) => precisions.includes(alonePrecisions[change]))
        .flatMap((change) => aloneSteps(subject, layers, change))
      const whole = precisions.filter((one) => one !== 'fp32').map((one) => `precision:${one}`)
      return ['baseline', ...whole, ...ablations, ...alone].map((id) => `predictions:${id}`)
    },
    async run(id, forMs, cacheBytes) {
      const [kind, ...rest] = id.split(':')
      if (kind === 'layer') {
        const loop = await layerLoop(rest.join(':'), cacheBytes)
        return await loop.run(id, forMs)
      }
      if (kind === 'benchmark') return await benchmark(rest[0] as WorkloadPrecision, forMs)
      if (rest[0] === 'baseline') return await predictions('baseline', await plainSession('fp32'), {})
      return await changed(rest.join(':'), rest[0], rest.slice(1).join(':'))
    }
  }
}

/** Layers with a node that has a form at the precision: tables have none, convolutions none at 4 bits. */
function aloneSteps(
  { network, weighted }: Subject,
  layers: readonly LayerFacts[],
  change: AloneChange
): string[] {
  const isLowered = (node: OnnxNode): boolean => {
    const found = weighted.has(node) ? weightedNode(network, node) : null
    return found !== null && canLower(found, alonePrecisions[change])
  }
  return layers.filter(({ group }) => group.nodes.some(isLowered)).map(({ group }) => `${change}:${group.id}`)
}

function bytesOf(tensors: Readonly<Record<string, ort.Tensor>>): number {
  return Object.values(tensors).reduce(
    (sum, { data }) => sum + ('byteLength' in data ? data.byteLength : 0),
    0
  )
}

/** The same values in memory of their own. */
function ownCopy(tensor: ort.Tensor): ort.Tensor {
  if (Array.isArray(tensor.data)) return tensor
  return new ort.Tensor(tensor.type, tensor.data.slice(), tensor.dims) as ort.Tensor
}

/** Inputs that the session still has: an unused one is dropped by the runtime. */
function usedOnly(feeds: Feeds, session: ort.InferenceSession): Feeds {
  const names = new Set(session.inputNames)
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => names.has(name)))
}
