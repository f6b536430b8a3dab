import path from 'node:path'
import type * as ort from 'onnxruntime-node'
import type { OnnxNode } from '../../../core/model/onnx/onnx'
import type { GatedValue } from '../../../core/workload/onnx/gates'
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
import type { Print } from './printer'
import { timeSinglePasses } from './singlePasses'
import type { Subject } from './subject'
import type { Feeds } from './testRows'
import { createStepLoops } from './stepLoops'

/** Does the steps of a plan, in any order. */
export interface Steps {
  /** Ids of the steps that change predictions, for the plan. */
  predictionSteps(precisions: readonly WorkloadPrecision[]): Promise<string[]>
  /** `cacheBytes`: what the inputs of a looped layer should exceed; null where it is not known. */
  run(id: string, forMs: number, cacheBytes: number | null): Promise<void>
}

/** Returns what the runner does for each step of the plan. */
export function createSteps(
  subject: Subject,
  layers: readonly LayerFacts[],
  scratch: string,
  print: Print
): Steps {
  const loops = createStepLoops(subject, layers, print)
  const plain = new Map<WorkloadPrecision, Promise<ort.InferenceSession>>()
  let gates: Promise<GatedValue[]> | undefined
  let gated: Promise<Gated> | undefined
  const gatesNow = (): Promise<GatedValue[]> => (gates ??= gatesOf(subject))

  const plainSession = (precision: WorkloadPrecision): Promise<ort.InferenceSession> => {
    const found = plain.get(precision) ?? lowered(subject, precision).then(({ model }) => subject.open(model))
    plain.set(precision, found)
    return found
  }
  const benchmark = async (precision: WorkloadPrecision, forMs: number): Promise<void> => {
    const name = `benchmark:${precision}`
    await (await loops.whole(precision)).run(name, forMs)
    const session = await plainSession(precision)
    const run = (pass: number): Promise<unknown> => session.run(loops.batchAt(pass))
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
      const session = await openAlone(subject, layers, alone, layer)
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
    predictionSteps: async (precisions) => predictionIds(subject, layers, precisions, await gatesNow()),
    async run(id, forMs, cacheBytes) {
      const [kind, ...rest] = id.split(':')
      if (kind === 'layer') {
        const loop = await loops.layer(rest.join(':'), cacheBytes)
        return await loop.run(id, forMs)
      }
      if (kind === 'benchmark') return await benchmark(rest[0] as WorkloadPrecision, forMs)
      if (rest[0] === 'baseline') return await predictions('baseline', await plainSession('fp32'), {})
      return await changed(rest.join(':'), rest[0], rest.slice(1).join(':'))
    }
  }
}

function predictionIds(
  subject: Subject,
  layers: readonly LayerFacts[],
  precisions: readonly WorkloadPrecision[],
  gates: readonly GatedValue[]
): string[] {
  const ablations = gates.flatMap((gate) =>
    ablationKinds.filter((kind) => offers(gate, kind)).map((kind) => `${kind}:${gate.layer}`)
  )
  const alone = aloneChanges
    .filter((change) => precisions.includes(alonePrecisions[change]))
    .flatMap((change) => aloneSteps(subject, layers, change))
  const whole = precisions.filter((one) => one !== 'fp32').map((one) => `precision:${one}`)
  return ['baseline', ...whole, ...ablations, ...alone].map((id) => `predictions:${id}`)
}

/** The network with one layer's weights in a lower precision. */
async function openAlone(
  subject: Subject,
  layers: readonly LayerFacts[],
  change: AloneChange,
  layer: string
): Promise<ort.InferenceSession> {
  const { group } = layers.find((one) => one.group.id === layer)!
  const only = new Set(group.nodes.filter((node) => subject.weighted.has(node)))
  const { model } = await lowered(subject, alonePrecisions[change], only)
  return await subject.open(model)
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
