import type { AppError } from '../../../shared/errors'
import { textAttribute, type OnnxNode } from '../onnx/onnx'
import { unsupported } from '../onnx/importState'
import { reasonAttribute, remedyAttribute, tfliteDomain } from '../tflite/conversion'

/** Why an operator cannot be part of a network here, and what a user does about it. */
interface Refusal {
  readonly operators: string
  readonly reason: string
  readonly remedy: string
}

const refusals: readonly Refusal[] = [
  {
    operators: 'If',
    reason: 'its condition depends on the values of the input, and only one path can be deployed',
    remedy:
      'Export the path that is wanted: fixed sizes, and torch.where in place of a Python if on values; or choose an output in front of it.'
  },
  {
    operators: 'Loop Scan SequenceMap',
    reason: 'loops are not read',
    remedy:
      'Export the network by tracing (torch.onnx.export of a plain module, not of a scripted one), so that steps of a fixed number are written one after the other; recurrences as LSTM, GRU or RNN layers.'
  },
  {
    operators: 'TopK NonMaxSuppression NonZero Unique Compress Hardmax OneHot',
    reason: 'what it gives is a choice among values, which is made on the host',
    remedy:
      'End the network in front of it: export it without this step, or choose an earlier output, and make the choice in the program that reads the outputs.'
  },
  {
    operators:
      'GatherElements Scatter ScatterElements ScatterND MaxUnpool MaxRoiPool RoiAlign GridSample AffineGrid',
    reason: 'which elements it reads or writes is given one by one or computed',
    remedy:
      'Replace it by slicing, padding, concatenation, Resize or ConvTranspose, which put elements at known places.'
  },
  {
    operators: 'RandomNormal RandomNormalLike RandomUniform RandomUniformLike Bernoulli Multinomial',
    reason: 'its results are random',
    remedy: 'Export the network in inference mode (model.eval() in PyTorch) and without noise layers.'
  },
  {
    operators: 'DFT STFT HannWindow HammingWindow BlackmanWindow MelWeightMatrix',
    reason: 'spectra are prepared with the data set, not computed in the network',
    remedy:
      'Export the network behind the spectrum, and let the data set compute it from the sounds (MFCC or log-mel).'
  },
  {
    operators:
      'SequenceConstruct SequenceAt SequenceInsert SequenceEmpty SplitToSequence ConcatFromSequence Optional OptionalGetElement',
    reason: 'sequences of tensors are not read',
    remedy: 'Export lists as tensors: torch.stack or torch.cat, and split in place of unbind.'
  },
  {
    operators: 'StringNormalizer StringConcat StringSplit RegexFullMatch TfIdfVectorizer ImageDecoder',
    reason: 'texts and encoded pictures are read with the data set, not in the network',
    remedy: 'Export the network behind this step, and add the data in a form that it takes.'
  },
  {
    operators: 'Attention RotaryEmbedding TensorScatter Swish',
    reason: 'this operator of opset 23 and later is not supported',
    remedy: 'Export with opset 22 or earlier, which writes it as operators that are read.'
  }
]

const known: ReadonlyMap<string, Refusal> = new Map(
  refusals.flatMap((one) => one.operators.split(' ').map((name): [string, Refusal] => [name, one]))
)

/** The error for an operator without a reader; `supported` are the names of those that have one. */
export function refusalOfOperator(node: OnnxNode, supported: readonly string[]): AppError {
  const reason = textAttribute(node, reasonAttribute, '')
  const isStandard = node.domain === '' || node.domain === 'ai.onnx'
  const own = isStandard ? known.get(node.opType) : undefined
  if (own !== undefined) return unsupported(node, own.reason, own.remedy)
  const what = isStandard ? 'this operator' : foreign(node)
  return unsupported(node, reason === '' ? `${what} is not supported` : reason, hintFor(node, supported))
}

function foreign({ domain }: OnnxNode): string {
  return domain === tfliteDomain
    ? 'this operator of TensorFlow Lite, or this form of it,'
    : `the operator of the domain "${domain}"`
}

function hintFor(node: OnnxNode, supported: readonly string[]): string {
  const remedy = textAttribute(node, remedyAttribute, '')
  if (remedy !== '') return remedy
  if (node.domain === tfliteDomain)
    return 'Replace the operator (or this form of it) before converting; docs/models.md lists the TFLite operators that are read.'
  if (node.domain === 'ai.onnx.ml')
    return 'Trees, support vectors and encoders of tables are no layers of a network; export a neural network.'
  return `Supported: ${supported.join(', ')}. Replace it in the network or export it in another way.`
}
