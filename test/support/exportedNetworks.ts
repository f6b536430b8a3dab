import { createRandom, type Random } from '@core/math/random'
import { createOnnxBuilder, type OnnxBuilder } from '@core/model/onnx/onnxBuilder'
import { float, int, ints, type OnnxModel } from '@core/model/onnx/onnx'

/** Small networks in the forms in which PyTorch's exporters write them, with seeded weights. */
export interface ExportedNetwork {
  readonly name: string
  readonly model: OnnxModel
}

/** Layers by the names a network's source would use. */
class Draft {
  readonly builder: OnnxBuilder = createOnnxBuilder()
  private readonly random: Random

  constructor(seed: number) {
    this.random = createRandom(seed)
  }

  weights(dims: readonly number[], fanIn: number): string {
    const count = dims.reduce((a, b) => a * b, 1)
    const spread = Math.sqrt(2 / fanIn)
    return this.builder.constant(
      Float32Array.from({ length: count }, () => spread * this.random.normal()),
      dims
    )
  }

  conv(
    input: string,
    [outputs, inputs]: readonly [number, number],
    side: number,
    { stride = 1, pad = 0, groups = 1, dilation = 1 } = {}
  ): string {
    const fanIn = (inputs / groups) * side * side
    return this.builder.node(
      'Conv',
      [input, this.weights([outputs, inputs / groups, side, side], fanIn), this.weights([outputs], 100)],
      {
        kernel_shape: ints([side, side]),
        strides: ints([stride, stride]),
        pads: ints([pad, pad, pad, pad]),
        dilations: ints([dilation, dilation]),
        group: int(groups)
      }
    )
  }

  linear(input: string, [outputs, inputs]: readonly [number, number]): string {
    return this.builder.node(
      'Gemm',
      [input, this.weights([outputs, inputs], inputs), this.weights([outputs], 100)],
      { transB: int(1) }
    )
  }

  relu(input: string): string {
    return this.builder.node('Relu', [input])
  }

  /** AdaptiveAvgPool2d(1) and flatten, as the dynamo exporter writes them. */
  globalMean(input: string): string {
    const axes = this.builder.shape([-1, -2])
    const mean = this.builder.node('ReduceMean', [input, axes], {
      keepdims: int(1),
      noop_with_empty_axes: int(0)
    })
    return this.builder.node('Flatten', [mean], { axis: int(1) })
  }

  normalize(input: string, channels: number): string {
    const { builder, random } = this
    const positive = Float32Array.from({ length: channels }, () => 0.5 + random.next())
    return builder.node('BatchNormalization', [
      input,
      builder.constant(positive, [channels]),
      this.weights([channels], 20),
      this.weights([channels], 20),
      builder.constant(
        positive.map((value) => value + 0.1),
        [channels]
      )
    ])
  }
}

function network(
  name: string,
  dims: readonly number[],
  opset: number,
  make: (draft: Draft, x: string) => string | string[]
): ExportedNetwork {
  const draft = new Draft(name.length + dims.length + name.charCodeAt(0))
  const x = draft.builder.input('x', 'float32', ['batch', ...dims])
  const made = make(draft, x)
  const outputs = Array.isArray(made) ? made : [made]
  for (const [at, output] of outputs.entries())
    draft.builder.output(output, outputs.length === 1 ? 'scores' : `head${at + 1}`)
  return { name, model: { ...draft.builder.build(name), opset } }
}

const image = [1, 28, 28] as const

function mobileNet(name: string, activation: (draft: Draft, input: string) => string): ExportedNetwork {
  return network(name, image, 18, (draft, x) => {
    const act = (input: string): string => activation(draft, input)
    let y = act(draft.conv(x, [8, 1], 3, { stride: 2, pad: 1 }))
    y = act(draft.conv(y, [8, 8], 3, { pad: 1, groups: 8 }))
    y = act(draft.conv(y, [16, 8], 1))
    y = act(draft.conv(y, [16, 16], 3, { stride: 2, pad: 1, groups: 16 }))
    y = act(draft.conv(y, [32, 16], 1))
    return draft.linear(draft.globalMean(y), [10, 32])
  })
}

function squeezeExcite(): ExportedNetwork {
  return network('se', image, 18, (draft, x) => {
    const { builder } = draft
    const y = draft.relu(draft.conv(x, [8, 1], 3, { stride: 2, pad: 1 }))
    const mean = builder.node('ReduceMean', [y, builder.shape([-1, -2])], { keepdims: int(1) })
    const squeezed = draft.relu(draft.conv(mean, [4, 8], 1))
    const gate = builder.node('Sigmoid', [draft.conv(squeezed, [8, 4], 1)])
    const z = draft.relu(draft.conv(builder.node('Mul', [y, gate]), [16, 8], 3, { stride: 2, pad: 1 }))
    return draft.linear(draft.globalMean(z), [10, 16])
  })
}

function preactivation(): ExportedNetwork {
  return network('preact', image, 13, (draft, x) => {
    const { builder } = draft
    const y = draft.conv(x, [8, 1], 3, { stride: 2, pad: 1 })
    const first = draft.conv(draft.relu(draft.normalize(y, 8)), [8, 8], 3, { pad: 1 })
    const second = draft.conv(draft.relu(draft.normalize(first, 8)), [8, 8], 3, { pad: 1 })
    const sum = draft.relu(draft.normalize(builder.node('Add', [second, y]), 8))
    return draft.linear(
      builder.node('Flatten', [builder.node('GlobalAveragePool', [sum])], { axis: int(1) }),
      [10, 8]
    )
  })
}

function squeezeFire(): ExportedNetwork {
  return network('squeeze_fire', image, 13, (draft, x) => {
    const { builder } = draft
    let y = draft.relu(draft.conv(x, [8, 1], 3, { stride: 2 }))
    y = builder.node('MaxPool', [y], { kernel_shape: ints([3, 3]), strides: ints([2, 2]), ceil_mode: int(1) })
    const squeezed = draft.relu(draft.conv(y, [4, 8], 1))
    const wide = [
      draft.relu(draft.conv(squeezed, [8, 4], 1)),
      draft.relu(draft.conv(squeezed, [8, 4], 3, { pad: 1 }))
    ]
    const fire = builder.node('Concat', wide, { axis: int(1) })
    const scores = draft.relu(draft.conv(fire, [10, 16], 1))
    return builder.node('Flatten', [builder.node('GlobalAveragePool', [scores])], { axis: int(1) })
  })
}

function gru(): ExportedNetwork {
  return network('gru', [12, 6], 18, (draft, x) => {
    const { builder } = draft
    const turned = builder.node('Transpose', [x], { perm: ints([1, 0, 2]) })
    const first = builder.constant(new Float32Array(8), [1, 1, 8])
    const [all] = builder.nodes(
      'GRU',
      [
        turned,
        draft.weights([1, 24, 6], 6),
        draft.weights([1, 24, 8], 8),
        draft.weights([1, 48], 50),
        '',
        first
      ],
      1,
      { hidden_size: int(8), linear_before_reset: int(1) }
    )
    const squeezed = builder.node('Squeeze', [all!, builder.shape([1])])
    const back = builder.node('Transpose', [squeezed], { perm: ints([1, 0, 2]) })
    const last = builder.node('Gather', [back, builder.constant(BigInt64Array.of(-1n), [])], { axis: int(1) })
    return draft.linear(last, [4, 8])
  })
}

/** One block of a vision transformer: patches by a convolution, two heads, LayerNormalization, GELU. */
function tinyVit(): ExportedNetwork {
  return network('tiny_vit', image, 20, (draft, x) => {
    const { builder } = draft
    const patches = draft.conv(x, [16, 1], 7, { stride: 7 })
    const flat = builder.node('Reshape', [patches, builder.shape([1, 16, 16])])
    const tokens = builder.node('Add', [
      builder.node('Transpose', [flat], { perm: ints([0, 2, 1]) }),
      draft.weights([1, 16, 16], 20)
    ])
    const norm = (input: string): string =>
      builder.node(
        'LayerNormalization',
        [input, builder.constant(new Float32Array(16).fill(1), [16]), draft.weights([16], 50)],
        { axis: int(-1), epsilon: float(1e-5) }
      )
    const product = (input: string, outputs: number, inputs: number): string =>
      builder.node('Add', [
        builder.node('MatMul', [input, draft.weights([inputs, outputs], inputs)]),
        draft.weights([outputs], 50)
      ])
    const all = builder.node('Reshape', [product(norm(tokens), 48, 16), builder.shape([1, 16, 3, 2, 8])])
    const parts = builder.node('Transpose', [all], { perm: ints([2, 0, 3, 1, 4]) })
    const [query, key, value] = [0n, 1n, 2n].map((at) =>
      builder.node('Gather', [parts, builder.constant(BigInt64Array.of(at), [])], { axis: int(0) })
    )
    const keyTurned = builder.node('Transpose', [key!], { perm: ints([0, 1, 3, 2]) })
    const scores = builder.node('Mul', [
      builder.node('MatMul', [query!, keyTurned]),
      builder.scalar(1 / Math.sqrt(8))
    ])
    const mixed = builder.node('MatMul', [builder.node('Softmax', [scores], { axis: int(-1) }), value!])
    const joined = builder.node('Reshape', [
      builder.node('Transpose', [mixed], { perm: ints([0, 2, 1, 3]) }),
      builder.shape([1, 16, 16])
    ])
    const attended = builder.node('Add', [tokens, product(joined, 16, 16)])
    const wide = builder.node('Gelu', [product(norm(attended), 32, 16)])
    const block = builder.node('Add', [attended, product(wide, 16, 32)])
    const mean = builder.node('ReduceMean', [norm(block), builder.shape([1])], { keepdims: int(0) })
    return draft.linear(mean, [10, 16])
  })
}

/** The architectures of own-networks.md of which no file is at hand. */
export function exportedNetworks(): ExportedNetwork[] {
  return [
    network('mlp_softmax', image, 13, (draft, x) => {
      const { builder } = draft
      const hidden = draft.relu(draft.linear(builder.node('Flatten', [x], { axis: int(1) }), [32, 784]))
      return builder.node('Softmax', [draft.linear(hidden, [10, 32])], { axis: int(1) })
    }),
    mobileNet('mbv1_relu6', ({ builder }, input) =>
      builder.node('Clip', [input, builder.scalar(0), builder.scalar(6)])
    ),
    mobileNet('mbv1_silu', ({ builder }, input) =>
      builder.node('Mul', [input, builder.node('Sigmoid', [input])])
    ),
    preactivation(),
    squeezeExcite(),
    squeezeFire(),
    network('dilated', image, 18, (draft, x) => {
      const y = draft.relu(draft.conv(x, [4, 1], 3, { dilation: 2 }))
      const z = draft.relu(draft.conv(y, [8, 4], 3, { dilation: 3, pad: 3, stride: 2 }))
      return draft.linear(draft.globalMean(z), [10, 8])
    }),
    network('avgpool_exc', image, 13, (draft, x) => {
      const { builder } = draft
      const y = draft.relu(draft.conv(x, [4, 1], 3, { stride: 2, pad: 1 }))
      const pooled = builder.node('AveragePool', [y], {
        kernel_shape: ints([3, 3]),
        strides: ints([2, 2]),
        pads: ints([1, 1, 1, 1]),
        count_include_pad: int(0)
      })
      return draft.linear(builder.node('Flatten', [pooled], { axis: int(1) }), [10, 196])
    }),
    network('zeropad', image, 18, (draft, x) => {
      const { builder } = draft
      const padded = builder.node('Pad', [x, builder.shape([0, 0, 0, 0, 0, 0, 1, 1]), builder.scalar(0)])
      const y = draft.relu(draft.conv(padded, [6, 1], 3, { stride: 2 }))
      const again = builder.node('Pad', [y, builder.shape([0, 0, 2, 1, 0, 0, 1, 2]), builder.scalar(0)])
      return draft.linear(draft.globalMean(draft.relu(draft.conv(again, [8, 6], 3, { stride: 2 }))), [10, 8])
    }),
    gru(),
    network('two_heads', image, 18, (draft, x) => {
      const y = draft.globalMean(draft.relu(draft.conv(x, [8, 1], 3, { stride: 2, pad: 1 })))
      return [draft.linear(y, [10, 8]), draft.linear(y, [4, 8])]
    }),
    tinyVit()
  ]
}
