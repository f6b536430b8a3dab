import { AppError } from '../../../shared/errors'
import { sizeOf, type Graph } from '../../../core/model/graph'
import { toHwc } from '../../../core/quant/hwcGraph'

/**
 * Checks a network's input against images.
 *
 * @throws AppError model.unsupportedShape unless the network reads images of this shape (HWC).
 */
export function checkImages(graph: Graph, shape: readonly number[]): void {
  const wanted = toHwc(graph.inputShape)
  const isFlat = wanted[0] === 1 && wanted[1] === 1 && wanted[2] === shape.reduce((a, b) => a * b, 1)
  if (isFlat || wanted.join() === shape.join()) return
  throw new AppError(
    'model.unsupportedShape',
    `The network reads ${wanted.join(' x ')}, the shipped images (Fashion-MNIST) are ${shape.join(' x ')}.`,
    'Give it its own data: bitbench dataset add PATH --name N, then --dataset N. Unlabelled items will do. Where a verb has no --dataset: bitbench model evaluate FILE --dataset N once; the network remembers it.'
  )
}

/** Whether the network gives one score per class of the labels; else it has no accuracy on them. */
export function fitsClasses(graph: Graph, labels: Uint8Array): boolean {
  return outputsOf(graph) === classesOf(labels)
}

const outputsOf = (graph: Graph): number => sizeOf(graph.nodes[graph.output].outputShape)
const classesOf = (labels: Uint8Array): number => labels.reduce((most, label) => Math.max(most, label + 1), 0)

/**
 * Checks a network's outputs against labels.
 *
 * @throws AppError model.unsupportedShape unless the network gives one score per class of the labels.
 */
export function checkClasses(graph: Graph, labels: Uint8Array): void {
  if (fitsClasses(graph, labels)) return
  const [outputs, classes] = [outputsOf(graph), classesOf(labels)]
  throw new AppError(
    'model.unsupportedShape',
    `The network gives ${outputs} ${outputs === 1 ? 'number' : 'numbers'} per image, the labels name ${classes} classes.`,
    'Accuracy is the share of images whose label has the highest score: it needs one output per class. Unlabelled items compare with the float network: bitbench dataset add PATH --name N --task unlabelled.'
  )
}
