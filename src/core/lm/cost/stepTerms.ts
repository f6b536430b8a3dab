import { decoderParts } from '../board/decoderImage'
import { headSize, kvDim, matrixShape, type LmConfig, type MatrixName } from '../config'
import type { LmScheme, MatrixBits } from '../integer/lmScheme'

/** Name of a part of a step that is counted by itself. */
export type DecoderPart = (typeof decoderParts)[number]

/** Work of a kernel by name; a cost is a sum of these, each times what the board takes for one. */
export type WorkTerms = Map<string, number>

/** What a step's cost depends on. */
export interface LmShape {
  readonly config: LmConfig
  readonly scheme: LmScheme
}

function add(terms: WorkTerms, name: string, amount: number): void {
  terms.set(name, (terms.get(name) ?? 0) + amount)
}

/** A matrix times the codes of one token: a call, its rows, its columns and what it multiplies, by bits. */
function addMatrix(terms: WorkTerms, rows: number, columns: number, bits: MatrixBits): void {
  const pair = `matmul w${bits.weightBits}a${bits.activationBits}`
  add(terms, `${pair} calls`, 1)
  add(terms, `${pair} rows`, rows)
  add(terms, `${pair} columns`, columns)
  add(terms, `${pair} macs`, rows * columns)
  // Planes of bits are multiplied 32 at a time, packed codes a word at a time, rows of bytes and nibbles in blocks.
  add(terms, `${pair} planes`, rows * Math.ceil(columns / 32))
  add(terms, `${pair} words`, rows * Math.ceil((columns * bits.weightBits) / 32))
  add(terms, `${pair} blocks`, Math.ceil(rows / 8) * columns)
}

/** Work of one matrix of a decoder times the codes of one token. */
export function matrixTerms(rows: number, columns: number, bits: MatrixBits): WorkTerms {
  const terms: WorkTerms = new Map()
  addMatrix(terms, rows, columns, bits)
  return terms
}

function addNorm(terms: WorkTerms, config: LmConfig, { activationBits }: MatrixBits): void {
  add(terms, 'RMSNorm calls', 1)
  add(terms, `RMSNorm a${activationBits} values`, config.dim)
}

/** Products with keys and values, and the softmax between them, of all heads at a position. */
function addAttention(terms: WorkTerms, { config, scheme }: LmShape, position: number): void {
  const size = headSize(config)
  const loops = `kv${scheme.cacheBits} ${size % 8 === 0 ? 'blocks' : 'single'}`
  const [heads, positions] = [config.heads, position + 1]
  add(terms, 'softmax rows', heads)
  add(terms, 'softmax values', heads * positions)
  add(terms, `attention ${loops} products`, heads * positions * size)
  add(terms, `attention ${loops} positions`, heads * positions)
  add(terms, `attention ${loops} outputs`, heads * size)
}

/** Work of one part of one layer at a position. */
export function layerTerms(shape: LmShape, layer: number, part: DecoderPart, position: number): WorkTerms {
  const { config, scheme } = shape
  const bits = scheme.layers[layer]
  const terms: WorkTerms = new Map()
  const matrix = (name: MatrixName): void => {
    const { rows, columns } = matrixShape(config, name)
    addMatrix(terms, rows, columns, bits[name])
  }
  if (part === 'norm') {
    addNorm(terms, config, bits.wq)
    addNorm(terms, config, bits.w1)
  } else if (part === 'qkv') for (const name of ['wq', 'wk', 'wv'] as const) matrix(name)
  else if (part === 'rotate') {
    add(terms, 'RoPE calls', 1)
    add(terms, 'RoPE queries', config.dim)
    add(terms, `RoPE kv${scheme.cacheBits} keys`, kvDim(config))
  } else if (part === 'attention') addAttention(terms, shape, position)
  else if (part === 'output' || part === 'down') {
    matrix(part === 'output' ? 'wo' : 'w2')
    add(terms, 'residual values', config.dim)
  } else if (part === 'gate') {
    matrix('w1')
    matrix('w3')
    add(terms, `SiLU a${bits.w2.activationBits} values`, config.hiddenDim)
  }
  return terms
}

/** Work of one part outside the layers: the last norm, or embedding, classifier and choice of the token. */
export function outsideTerms({ config, scheme }: LmShape, part: DecoderPart): WorkTerms {
  const terms: WorkTerms = new Map()
  if (part === 'norm') addNorm(terms, config, scheme.classifier)
  if (part === 'rest') {
    // A tied embedding is read out of the classifier's packed weights, one of its own is packed for bytes.
    add(terms, `gather w${scheme.classifier.weightBits} values`, config.dim)
    addMatrix(terms, config.vocabulary, config.dim, scheme.classifier)
    add(terms, 'argmax values', config.vocabulary)
    add(terms, 'step calls', 1)
  }
  return terms
}

/** Work of a whole step at a position. */
export function stepTerms(shape: LmShape, position: number): WorkTerms {
  const terms: WorkTerms = new Map()
  const include = (more: WorkTerms): void => more.forEach((amount, name) => add(terms, name, amount))
  for (const part of decoderParts) {
    for (let layer = 0; layer < shape.config.layers; layer++)
      include(layerTerms(shape, layer, part, position))
    include(outsideTerms(shape, part))
  }
  return terms
}
