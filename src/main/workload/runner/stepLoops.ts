import * as ort from 'onnxruntime-node'
import { copiesFor } from '../../../core/workload/loopCopies'
import { copiedInput, loopLayer } from '../../../core/workload/onnx/cut'
import { networkOf } from '../../../core/workload/onnx/network'
import type { WorkloadPrecision } from '../../../shared/contract/workload/workloadRows'
import type { LayerFacts } from './layers'
import { lowered } from './precisions'
import { createPhases, type Print } from './printer'
import type { Subject } from './subject'
import type { Feeds } from './testRows'
import { createTimedLoop, type TimedLoop } from './timedLoop'

/** Bounds of the copies of a looped layer: each is a body in its loop. Batches of the looped whole. */
const layerBounds = { maxCopies: 64, maxBytes: 256 * 2 ** 20 }
const copiesOfWhole = 4
/** Sessions kept open between trials. */
const maxLoops = 40

/** Loops over layers and the whole network; the latest are kept open between trials. */
export interface StepLoops {
  /** @param cacheBytes what the inputs of all copies should exceed; null where it is not known */
  layer(id: string, cacheBytes: number | null): Promise<TimedLoop>
  /** Prints the bytes of weights each time: the trial before may not have counted. */
  whole(precision: WorkloadPrecision): Promise<TimedLoop>
  /** Inputs of a copy or a pass: whole batches in turn. */
  batchAt(copy: number): Feeds
}

/** Returns the loops of a network. */
export function createStepLoops(subject: Subject, layers: readonly LayerFacts[], print: Print): StepLoops {
  const phases = createPhases(process.env, print)
  const loops = new Map<string, { loop: TimedLoop; session: ort.InferenceSession }>()

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

  const layer = (id: string, cacheBytes: number | null): Promise<TimedLoop> =>
    keepLoop(`layer:${id}`, async () => {
      const { group } = layers.find((one) => one.group.id === id)!
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

  const bytesAt = new Map<WorkloadPrecision, number>()
  const wholeLoop = (precision: WorkloadPrecision): Promise<TimedLoop> =>
    keepLoop(`benchmark:${precision}`, async () => {
      const { model, weightBytes } = await lowered(subject, precision)
      bytesAt.set(precision, weightBytes)
      const network = networkOf(model)
      const inputs = model.inputs.map(({ name }) => name)
      const outputs = model.outputs.map(({ name }) => name)
      const typeOf: Subject['typeOf'] = (name) =>
        model.inputs.find((input) => input.name === name)?.elementType ?? subject.typeOf(name)
      const all = { id: 'network', nodes: network.nodes, inputs, outputs }
      const session = await subject.open(loopLayer(network, all, copiesOfWhole, typeOf))
      const feeds: Feeds = {}
      for (let copy = 0; copy < copiesOfWhole; copy++) {
        for (const name of inputs) feeds[copiedInput(name, copy)] = batchAt(copy)[name]
      }
      return { session, loop: createTimedLoop(session, usedOnly(feeds, session), copiesOfWhole, phases) }
    })

  const whole: StepLoops['whole'] = async (precision) => {
    const loop = await wholeLoop(precision)
    const bytes = bytesAt.get(precision)
    if (bytes !== undefined) print({ event: 'weights', precision, bytes })
    return loop
  }

  return { layer, whole, batchAt }
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
