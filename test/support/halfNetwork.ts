import onnxProto from 'onnx-proto'

const { onnx } = onnxProto

/** What exporters write in half precision, by the code of the element type (onnx.proto3). */
export const halfCodes = { float16: 10, bfloat16: 16 } as const
type HalfType = keyof typeof halfCodes
type Graph = NonNullable<InstanceType<(typeof onnx)['ModelProto']>['graph']>

/** Bits of the nearest half; magnitudes below 2^-14 become 0. */
export function halfBits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const size = Math.abs(value)
  if (size >= 65_520) return sign | 0x7c00
  if (size < 2 ** -14) return sign
  const exponent = Math.floor(Math.log2(size))
  return sign + ((exponent + 14) << 10) + Math.round((size / 2 ** exponent) * 1024)
}

const brainBits = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16

/**
 * A network file whose float32 (weights, inputs, outputs, casts, also inside branches) is half precision, as converters of
 * onnxruntime and `.half()` before an export leave it.
 */
export function inHalfPrecision(bytes: Uint8Array, type: HalfType): Uint8Array {
  const model = onnx.ModelProto.decode(bytes)
  convert(model.graph as Graph, type)
  return onnx.ModelProto.encode(model).finish()
}

function convert(graph: Graph, type: HalfType): void {
  const code = halfCodes[type]
  const bits = type === 'float16' ? halfBits : brainBits
  for (const tensor of graph.initializer ?? []) {
    if (tensor.dataType !== 1) continue
    const floats = new Float32Array(new Uint8Array(tensor.rawData!).buffer)
    tensor.rawData = new Uint8Array(Uint16Array.from(floats, bits).buffer)
    tensor.dataType = code
  }
  for (const value of [...(graph.input ?? []), ...(graph.output ?? [])]) {
    const tensor = value.type?.tensorType
    if (tensor?.elemType === 1) tensor.elemType = code
  }
  for (const node of graph.node ?? []) {
    for (const attribute of node.attribute ?? []) {
      if (attribute.g) convert(attribute.g as Graph, type)
      if (node.opType === 'Cast' && attribute.name === 'to' && Number(attribute.i) === 1) attribute.i = code
    }
  }
}
