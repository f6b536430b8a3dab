import type { OnnxNode, OnnxTensor } from '../onnx/onnx'
import { badShape } from '../onnx/importState'
import { checkedCount } from './checkedCount'
import { broadcastDims, broadcastMap } from './indexing'
import { constantOf, numbersOf, typeOf } from './numbers'

/** Matrix product of two known tensors [.., m, k] and [.., k, n]; the axes before are broadcast. */
export function foldProduct(node: OnnxNode, a: OnnxTensor, b: OnnxTensor): OnnxTensor {
  const batch =
    a.dims.length < 2 || b.dims.length < 2 ? null : broadcastDims(a.dims.slice(0, -2), b.dims.slice(0, -2))
  const [rows, inner, columns] = [a.dims.at(-2)!, a.dims.at(-1)!, b.dims.at(-1)!]
  if (batch === null || inner !== b.dims.at(-2))
    throw badShape(
      node,
      `constants of [${a.dims.join(', ')}] and [${b.dims.join(', ')}] cannot be multiplied here`
    )
  const dims = [...batch, rows, columns]
  const [x, y] = [numbersOf(a), numbersOf(b)]
  const [placesX, placesY] = [a, b].map(({ dims: own }) => broadcastMap(own.slice(0, -2), batch))
  const result = new Float64Array(checkedCount(node, dims))
  for (let at = 0; at < placesX.length; at++) {
    const [fromX, fromY, to] = [
      placesX[at] * rows * inner,
      placesY[at] * inner * columns,
      at * rows * columns
    ]
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < inner; k++) {
        const factor = x[fromX + row * inner + k]
        for (let column = 0; column < columns; column++) {
          const place = to + row * columns + column
          result[place] = result[place] + factor * y[fromY + k * columns + column]
        }
      }
    }
  }
  return constantOf(typeOf(a.data), dims, result)
}
