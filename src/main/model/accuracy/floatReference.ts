import { exportOnnx } from '../../../core/model/onnx/exportOnnx'
import type { LabelledImages } from '../../../core/model/dataSet'
import { floatScores } from './floatAccuracy'
import { requireNumbers } from './requireNumbers'
import type { ModelBench } from '../modelWorkspace'
import { openOrtSession } from '../onnxruntime/ortSession'

const references = new WeakMap<ModelBench, WeakMap<LabelledImages, Promise<Float32Array>>>()

/** Scores of the float network, [items][classes]; computed once per worker, model and set of images. */
export function floatReference(bench: ModelBench, images: LabelledImages): Promise<Float32Array> {
  let own = references.get(bench)
  if (own === undefined) references.set(bench, (own = new WeakMap()))
  let scores = own.get(images)
  if (scores === undefined) {
    scores = computed(bench, images)
    own.set(images, scores)
    scores.catch(() => own.delete(images))
  }
  return scores
}

async function computed({ graph }: ModelBench, images: LabelledImages): Promise<Float32Array> {
  const session = await openOrtSession(exportOnnx(graph))
  try {
    const scores = await floatScores(session, graph, images)
    requireNumbers(scores, images.count, 0, 'the images')
    return scores
  } finally {
    await session.release()
  }
}
