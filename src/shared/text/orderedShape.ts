/**
 * Sides of a picture or map with the order of their axes: [28, 32, 3] -> "28 × 32 × 3 (HWC)". Data sets keep channels last, networks
 * of ONNX have them first. Vectors, also those that a data set keeps as [1, 1, n], have one side and no order.
 */
export function orderedShape(shape: readonly number[], order: 'HWC' | 'CHW', times = ' × '): string {
  const isVector = order === 'HWC' && shape.length === 3 && shape[0] === 1 && shape[1] === 1
  const sides = isVector ? shape.slice(2) : shape
  return sides.length === 3 ? `${sides.join(times)} (${order})` : sides.join(times)
}
