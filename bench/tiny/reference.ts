/**
 * MLPerf Tiny's reference networks as their published float TFLite files have them (mlcommons/tiny at 1afd2c9,
 * benchmark/training/…/trained_models), read by this importer: normalisation folded, softmax left out. Sides are channels,
 * height, width; a layer is its operator, output, kernel, stride and padding (top, left, bottom, right).
 */
export interface TinyReference {
  /** Benchmark, and the file at MLCommons. */
  readonly benchmark: string
  readonly published: string
  /** The shipped network of this architecture. */
  readonly file: string
  readonly parameters: number
  readonly macs: number
  /** What the closed division asks of it on its own data. */
  readonly target: string
  readonly layers: readonly string[]
}

const conv3 = (output: string, stride = 1): string =>
  `conv2d ${output} k3,3 s${stride},${stride} p${stride === 1 ? '1,1,1,1' : '0,0,1,1'}`
const point = (output: string, stride = 1): string => `conv2d ${output} k1,1 s${stride},${stride} p0,0,0,0`
const depth3 = (output: string, stride = 1): string =>
  conv3(output, stride).replace('conv2d', 'depthwiseConv2d')

/** Channels and input side of MobileNet's thirteen separable blocks: from, to, output side, stride. */
const blocks = [
  [8, 16, 48, 1],
  [16, 32, 24, 2],
  [32, 32, 24, 1],
  [32, 64, 12, 2],
  [64, 64, 12, 1],
  [64, 128, 6, 2],
  ...Array.from({ length: 5 }, () => [128, 128, 6, 1]),
  [128, 256, 3, 2],
  [256, 256, 3, 1]
] as const

export const tinyReferences: readonly TinyReference[] = [
  {
    benchmark: 'image classification (ResNet-8)',
    published: 'pretrainedResnet.tflite',
    file: 'resnet8-tinted',
    parameters: 77_706,
    macs: 12_501_632,
    target: 'top 1 85 % on CIFAR-10',
    layers: [
      conv3('16x32x32'),
      conv3('16x32x32'),
      conv3('16x32x32'),
      conv3('32x16x16', 2),
      conv3('32x16x16'),
      point('32x16x16', 2),
      conv3('64x8x8', 2),
      conv3('64x8x8'),
      point('64x8x8', 2),
      'dense 10'
    ]
  },
  {
    benchmark: 'keyword spotting (DS-CNN)',
    published: 'kws_ref_model_float32.tflite',
    file: 'ds-cnn-words',
    parameters: 22_604,
    macs: 2_656_768,
    target: 'top 1 90 % on Speech Commands',
    layers: [
      'conv2d 64x25x5 k10,4 s2,2 p4,1,5,1',
      ...Array.from({ length: 4 }, () => [depth3('64x25x5'), point('64x25x5')]).flat(),
      'dense 12'
    ]
  },
  {
    benchmark: 'visual wake words (MobileNetV1 0.25)',
    published: 'vww_96_float.tflite',
    file: 'mobilenet-v1-scenes',
    parameters: 210_850,
    macs: 7_489_664,
    target: 'top 1 80 % on Visual Wake Words',
    layers: [
      conv3('8x48x48', 2),
      ...blocks.flatMap(([from, to, side, stride]) => [
        depth3(`${from}x${side}x${side}`, stride),
        point(`${to}x${side}x${side}`)
      ]),
      'dense 2'
    ]
  },
  {
    benchmark: 'anomaly detection (autoencoder)',
    published: 'ad01_fp32.tflite',
    file: 'autoencoder-hum',
    parameters: 265_864,
    macs: 264_192,
    target: 'AUC 0.85 on ToyADMOS',
    layers: [128, 128, 128, 128, 8, 128, 128, 128, 128, 640].map((outputs) => `dense ${outputs}`)
  }
]
