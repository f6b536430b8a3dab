import type { OnnxAttribute, OnnxModel, OnnxTensor } from '../../model/onnx/onnx'

/**
 * The same network for a shorter window: inputs, tables of positions, masks and shapes that have the length `from` on an
 * axis get `to`. A guess from sizes alone: whoever uses the result compares it with the original on a padded input.
 */
export function withWindow(model: OnnxModel, from: number, to: number): OnnxModel {
  const cut = (tensor: OnnxTensor): OnnxTensor => shortened(tensor, from, to)
  const attribute = (value: OnnxAttribute): OnnxAttribute =>
    value.kind === 'tensor' ? { kind: 'tensor', value: cut(value.value) } : value
  return {
    ...model,
    initializers: model.initializers.map(cut),
    nodes: model.nodes.map((node) =>
      node.opType === 'Constant'
        ? {
            ...node,
            attributes: Object.fromEntries(
              Object.entries(node.attributes).map(([name, value]) => [name, attribute(value)])
            )
          }
        : node
    ),
    inputs: model.inputs.map((input) => ({
      ...input,
      dims: input.dims?.map((size, axis) => (axis > 0 && size === from ? to : size)) ?? null
    })),
    outputs: model.outputs.map((output) => ({ ...output, dims: null, untyped: true }))
  }
}

/** Longest list of whole numbers that is taken for a shape. */
const maxShape = 8

function shortened(tensor: OnnxTensor, from: number, to: number): OnnxTensor {
  const { dims, data } = tensor
  if (data instanceof BigInt64Array && dims.length <= 1 && data.length <= maxShape) {
    return { ...tensor, data: data.map((value) => (value === BigInt(from) ? BigInt(to) : value)) }
  }
  if (!(data instanceof Float32Array) || !dims.includes(from)) return tensor
  const kept = dims.map((size) => (size === from ? to : size))
  const values = new Float32Array(kept.reduce((product, size) => product * size, 1))
  for (let at = 0; at < values.length; at++) {
    let [rest, source, step] = [at, 0, 1]
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      source += (rest % kept[axis]) * step
      rest = Math.floor(rest / kept[axis])
      step *= dims[axis]
    }
    values[at] = data[source]
  }
  return { ...tensor, dims: kept, data: values }
}
