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

/** The work of fetching a kernel's code that did not run right before. */
export const fetchTerm = 'matmul fetches'

const pairOf = ({ weightBits, activationBits }: MatrixBits): string =>
  `matmul w${weightBits}a${activationBits}`

/**
 * A matrix times the codes of one token: a call, its rows, its columns and what it multiplies, by bits.
 * @param before the matrix that was multiplied right before: its code need not be fetched again where the bits are the same
 */
function addMatrix(
  terms: WorkTerms,
  { rows, columns }: { rows: number; columns: number },
  bits: MatrixBits,
  before: MatrixBits | null
): void {
  const pair = pairOf(bits)
  const words = Math.ceil(columns / 32)
  add(terms, `${pair} calls`, 1)
  if (before === null || pairOf(before) !== pairOf(bits)) add(terms, fetchTerm, 1)
  add(terms, `${pair} rows`, rows)
  add(terms, `${pair} columns`, columns)
  add(terms, `${pair} macs`, rows * columns)
  // Planes of bits are multiplied 32 at a time, packed codes a word at a time, rows of bytes and nibbles in blocks.
  add(terms, `${pair} planes`, rows * words)
  add(terms, `${pair} words`, rows * Math.ceil((columns * bits.weightBits) / 32))
  add(terms, `${pair} blocks`, Math.ceil(rows / 8) * columns)
  // Tables and planes of the codes are made once; rows go over two words of a plane at a time, or count four, the last ones
  // copied where they are fewer (resources/kernels/rv32im: row_tables.c, carry_save.c).
  add(terms, `${pair} made`, words)
  add(terms, `${pair} pairs`, rows * Math.ceil(words / 2))
  add(terms, `${pair} fours`, rows * Math.ceil(words / 4))
  add(terms, `${pair} copies`, words % 4 === 0 ? 0 : rows)
}

/** Work of one matrix of a decoder times the codes of one token; the code of its kernel is there already. */
export function matrixTerms(rows: number, columns: number, bits: MatrixBits): WorkTerms {
  const terms: WorkTerms = new Map()
  addMatrix(terms, { rows, columns }, bits, bits)
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
  const matrix = (name: MatrixName, before: MatrixBits | null): void =>
    addMatrix(terms, matrixShape(config, name), bits[name], before)
  if (part === 'norm') {
    addNorm(terms, config, bits.wq)
    addNorm(terms, config, bits.w1)
  } else if (part === 'qkv') {
    matrix('wq', layer === 0 ? null : scheme.layers[layer - 1].w2)
    matrix('wk', bits.wq)
    matrix('wv', bits.wk)
  } else if (part === 'rotate') {
    add(terms, 'RoPE calls', 1)
    add(terms, 'RoPE queries', config.dim)
    add(terms, `RoPE kv${scheme.cacheBits} keys`, kvDim(config))
  } else if (part === 'attention') addAttention(terms, shape, position)
  else if (part === 'output' || part === 'down') {
    // Attention has taken the place of the code before it.
    if (part === 'output') matrix('wo', null)
    else matrix('w2', bits.w3)
    add(terms, 'residual values', config.dim)
  } else if (part === 'gate') {
    matrix('w1', bits.wo)
    matrix('w3', bits.w1)
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
    addMatrix(
      terms,
      { rows: config.vocabulary, columns: config.dim },
      scheme.classifier,
      scheme.layers[config.layers - 1].w2
    )
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
