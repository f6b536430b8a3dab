import { AppError } from '../../../shared/errors'
import { isKernelBits, type Bits } from '../../quant/scheme'
import { matrixNames, type LmConfig, type MatrixName } from '../config'

/** Bits of a matrix and of the codes that it multiplies. */
export interface MatrixBits {
  readonly weightBits: Bits
  readonly activationBits: 8 | 4
}

/** Bits of every matrix of a decoder and of its cache. */
export interface LmScheme {
  readonly layers: readonly Readonly<Record<MatrixName, MatrixBits>>[]
  /** The classifier; where it is the embedding too, the embedding has its weight bits. */
  readonly classifier: MatrixBits
  /** Bits of the keys and values that are kept. */
  readonly cacheBits: 8 | 4
}

/** The same bits for every matrix. */
export function uniformLmScheme(
  config: LmConfig,
  weightBits: Bits,
  activationBits: 8 | 4,
  cacheBits: 8 | 4
): LmScheme {
  const bits = { weightBits, activationBits }
  const layer = Object.fromEntries(matrixNames.map((name) => [name, bits])) as LmScheme['layers'][number]
  return { layers: Array.from({ length: config.layers }, () => layer), classifier: bits, cacheBits }
}

/** Matrices that read the same codes, so that they share their activation bits. */
const sharedInputs: readonly (readonly MatrixName[])[] = [
  ['wq', 'wk', 'wv'],
  ['w1', 'w3']
]

/**
 * Checks a scheme against a model's sizes.
 * @throws AppError scheme.invalid for bits that do not exist, another number of layers, or matrices that read the same codes at
 * different bits
 */
export function checkLmScheme(scheme: LmScheme, config: LmConfig): void {
  if (scheme.layers.length !== config.layers)
    throw invalid(`it has ${scheme.layers.length} layers, the model ${config.layers}`)
  if (!isActivationBits(scheme.cacheBits)) throw invalid(`the cache cannot have ${scheme.cacheBits} bits`)
  checkBits('the classifier', scheme.classifier)
  for (const [index, layer] of scheme.layers.entries()) {
    for (const name of matrixNames) checkBits(`${name} of layer ${index}`, layer[name])
    for (const [first, ...others] of sharedInputs)
      for (const name of others)
        if (layer[name].activationBits !== layer[first].activationBits)
          throw invalid(`${first} and ${name} of layer ${index} read the same codes at different bits`)
  }
}

const isActivationBits = (bits: number): bits is 8 | 4 => bits === 8 || bits === 4

function checkBits(what: string, bits: MatrixBits): void {
  if (!isKernelBits(bits.weightBits))
    throw invalid(`${what} cannot have weights of ${String(bits.weightBits)} bits`)
  if (!isActivationBits(bits.activationBits))
    throw invalid(`${what} cannot read codes of ${String(bits.activationBits)} bits`)
}

/**
 * Reads a scheme as a user writes it: `w4a8` for every matrix, then exceptions by matrix, layer or both, and the cache, separated by
 * commas: `w4a8,w2=w2a8,3.wo=w8a8,cls=w8a8,kv=4`. Later words take precedence. The cache has 8 bits where none are given.
 * @throws AppError scheme.invalid
 */
export function parseLmScheme(text: string, config: LmConfig): LmScheme {
  const [first, ...exceptions] = text.split(',').map((word) => word.trim())
  const all = parseBits(first)
  const layers = uniformLmScheme(config, all.weightBits, all.activationBits, 8).layers.map((layer) => ({
    ...layer
  }))
  let classifier = all
  let cacheBits: 8 | 4 = 8
  for (const exception of exceptions) {
    const [where, value, more] = exception.split('=')
    if (value === undefined || more !== undefined) throw invalid(`"${exception}" is no exception`)
    if (where === 'kv') {
      const bits = Number(value)
      if (!isActivationBits(bits)) throw invalid(`the cache cannot have ${value} bits`)
      cacheBits = bits
    } else if (where === 'cls') classifier = parseBits(value)
    else for (const [layer, name] of placesOf(where, config)) layers[layer][name] = parseBits(value)
  }
  const scheme = { layers, classifier, cacheBits }
  checkLmScheme(scheme, config)
  return scheme
}

function parseBits(text: string): MatrixBits {
  const match = /^w([1248])a([48])$/.exec(text)
  if (match === null) throw invalid(`"${text}" is none of w8a8 … w1a4`)
  return { weightBits: Number(match[1]) as Bits, activationBits: Number(match[2]) as 8 | 4 }
}

/** Layer and name of every matrix that `3`, `wo` or `3.wo` means. */
function placesOf(where: string, config: LmConfig): [number, MatrixName][] {
  const match = /^(?:(\d{1,4})(?:\.|$))?(w[qkvo123])?$/.exec(where)
  const layer = match?.[1] === undefined ? null : Number(match[1])
  const name = match?.[2] as MatrixName | undefined
  const known = match !== null && where !== '' && !where.endsWith('.') && (layer ?? 0) < config.layers
  if (!known)
    throw invalid(
      `"${where}" is no place: a layer below ${config.layers}, ${matrixNames.join(', ')}, 0.wq, cls, kv`
    )
  const layers = layer === null ? Array.from({ length: config.layers }, (_, index) => index) : [layer]
  return layers.flatMap((index) =>
    (name === undefined ? matrixNames : [name]).map((each): [number, MatrixName] => [index, each])
  )
}

/** A text that parseLmScheme reads as this scheme: the bits of most matrices, then every exception by layer and matrix. */
export function formatLmScheme(scheme: LmScheme): string {
  const word = ({ weightBits, activationBits }: MatrixBits): string => `w${weightBits}a${activationBits}`
  const counts = new Map<string, number>()
  for (const layer of scheme.layers)
    for (const name of matrixNames) counts.set(word(layer[name]), (counts.get(word(layer[name])) ?? 0) + 1)
  const most = [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0]
  const words = [most]
  for (const [index, layer] of scheme.layers.entries())
    for (const name of matrixNames)
      if (word(layer[name]) !== most) words.push(`${index}.${name}=${word(layer[name])}`)
  if (word(scheme.classifier) !== most) words.push(`cls=${word(scheme.classifier)}`)
  if (scheme.cacheBits !== 8) words.push(`kv=${scheme.cacheBits}`)
  return words.join(',')
}

const invalid = (what: string): AppError =>
  new AppError(
    'scheme.invalid',
    `The scheme does not fit the language model: ${what}.`,
    'Write bits as w4a8 for all matrices, then exceptions: w4a8,w2=w8a8,0.wo=w8a8,cls=w8a8,kv=4.'
  )
