import { countOf } from '../../shared/units'
import { formatBitPair, parseBitPair } from '../../shared/bitPair'
import { AppError } from '../../shared/errors'
import { weightedLayerNames, type Graph } from '../model/graph'

/**
 * Scheme: weight and activation bits of every weighted layer, in network order. "Activation bits" of a layer are the
 * bits of its input tensor.
 */
export const bitWidths = [8, 4, 2, 1] as const

/** A width that kernels exist for. */
export type KernelBits = (typeof bitWidths)[number]

/** Every width a scheme may name. Quantizers, the integer reference and BitFusion know them all, boards those of bitWidths. */
export const schemeWidths = [8, 7, 6, 5, 4, 3, 2, 1] as const

/** A bit width of weights or activations. */
export type Bits = (typeof schemeWidths)[number]

/** Bits of one layer. */
export interface LayerBits {
  /** Name of the weighted layer (its ONNX node name). */
  readonly layer: string
  readonly weightBits: Bits
  readonly activationBits: Bits
}

/** Bits of every weighted layer, in order of computation. */
export type Scheme = readonly LayerBits[]

/** Network input codes are 8 bits whatever else is chosen: pixels come as bytes. */
export const inputBits: Bits = 8

/** Whether a number is a bit width that networks may have. */
export function isBits(value: number): value is Bits {
  return (schemeWidths as readonly number[]).includes(value)
}

/** Whether kernels exist for a width. */
export function isKernelBits(value: number): value is KernelBits {
  return (bitWidths as readonly number[]).includes(value)
}

/** The same bits everywhere, except that the first layer reads its input in 8 bits. */
export function uniformScheme(layers: readonly string[], weightBits: Bits, activationBits: Bits): Scheme {
  return layers.map((layer, index) => ({
    layer,
    weightBits,
    activationBits: index === 0 ? inputBits : activationBits
  }))
}

/**
 * The scheme a quantized file was exported with, with its own widths from 1 to 8; 8 where the file says nothing or more.
 * @throws AppError scheme.invalid where the file is not quantized
 */
export function exportedScheme(graph: Graph): Scheme {
  if (graph.exported === undefined) throw notQuantized()
  return graph.exported.map(({ layer, weights, activations }, index) => ({
    layer,
    weightBits: widthFor(weights?.bits),
    activationBits: index === 0 ? inputBits : widthFor(activations?.bits)
  }))
}

/** Returns the error for the scheme "exported" of a file that has no bits. */
export function notQuantized(): AppError {
  return new AppError(
    'scheme.invalid',
    'The file is not quantized, so there is no scheme as exported.',
    'Name bits, e.g. int8 or w4a8.'
  )
}

/** The narrowest width that holds so many bits; 8 for more and for none given. */
function widthFor(bits = 8): Bits {
  return schemeWidths.findLast((width) => width >= bits) ?? 8
}

/** The scheme a board computes instead: widths without kernels are taken up to the next one that has them (3 to 4, 5 to 8). */
export function kernelScheme(scheme: Scheme): Scheme {
  const kernelWidth = (bits: Bits): KernelBits => bitWidths.findLast((width) => width >= bits) ?? 8
  return scheme.map(({ layer, weightBits, activationBits }) => ({
    layer,
    weightBits: kernelWidth(weightBits),
    activationBits: kernelWidth(activationBits)
  }))
}

/** A scheme as a user writes it: "exported" for the one in the file, else as parseScheme. @throws AppError scheme.invalid */
export function schemeOf(text: string, graph: Graph): Scheme {
  return text === 'exported' ? exportedScheme(graph) : parseScheme(text, weightedLayerNames(graph))
}

/** As schemeOf, where boards compute it: the widths of "exported" are taken up to those with kernels. @throws AppError scheme.invalid */
export function boardSchemeOf(text: string, graph: Graph): Scheme {
  return text === 'exported' ? kernelScheme(exportedScheme(graph)) : schemeOf(text, graph)
}

/** Short stable text of a scheme: "w8a8,w2a4,…"; equal schemes have equal keys. */
export function schemeKey(scheme: Scheme): string {
  return scheme.map(({ weightBits, activationBits }) => formatBitPair(weightBits, activationBits)).join(',')
}

/**
 * Reads "w8a8,w4a4,…" (one entry per layer), a single entry for all layers, or "int8".
 * @throws AppError scheme.invalid when the text or the number of entries does not fit.
 */
export function parseScheme(text: string, layers: readonly string[]): Scheme {
  const parts = text === 'int8' ? ['w8a8'] : text.split(',').map((part) => part.trim())
  const entries = parts.map((part) => {
    const { weightBits = 0, activationBits = 0 } = parseBitPair(part) ?? {}
    if (!isBits(weightBits) || !isBits(activationBits)) {
      throw new AppError(
        'scheme.invalid',
        `"${part}" is not a bit pair.`,
        'Write wWaA with W and A from 1 to 8, e.g. w4a8; separate layers by commas.'
      )
    }
    return { weightBits, activationBits }
  })
  if (entries.length === 1) return uniformScheme(layers, entries[0].weightBits, entries[0].activationBits)
  const scheme = entries.map((bits, index) => ({ layer: layers[index] ?? `#${index + 1}`, ...bits }))
  checkScheme(scheme, layers)
  return scheme
}

/**
 * Checks a scheme against the layers of a network.
 *
 * @throws AppError scheme.invalid unless the scheme names exactly these layers, in order, with allowed bits.
 */
export function checkScheme(scheme: Scheme, layers: readonly string[]): void {
  const fail = (message: string): never => {
    throw new AppError(
      'scheme.invalid',
      message,
      `The weighted layers are, in order: ${layers.join(', ')}.`,
      {
        details: { layers: [...layers] }
      }
    )
  }
  if (scheme.length !== layers.length) {
    fail(`The scheme has ${countOf(scheme.length, 'layer')}, the network ${layers.length}.`)
  }
  for (const [index, entry] of scheme.entries()) {
    if (entry.layer !== layers[index]) {
      fail(`Layer ${index + 1} of the scheme is "${entry.layer}", of the network "${layers[index]}".`)
    }
    if (!isBits(entry.weightBits) || !isBits(entry.activationBits)) {
      fail(
        `Layer "${entry.layer}" asks for ${formatBitPair(entry.weightBits, entry.activationBits)}; widths are 1 to 8.`
      )
    }
  }
  if (scheme.length > 0 && scheme[0].activationBits !== inputBits) {
    fail(
      `The first layer reads the network input, which is ${inputBits} bits, not ${scheme[0].activationBits}.`
    )
  }
}
