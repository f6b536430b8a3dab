import { isWeighted, type IntegerLayer, type QuantizedNetwork } from '../../quant/quantizedNetwork'
import { weightBytes } from '../image'
import { layerWords, parameterBytes } from '../layerParameters'
import type { Plan } from '../plan'
import { arrayOf, commentText, int32Literal, words } from './cText'

/** weights.h and weights.c: packed weights, biases and requantisation factors, one set of arrays per layer. */
export function weightsHeader(network: QuantizedNetwork, plan: Plan): string {
  const declarations = tables(network, plan).map(
    ({ type, name, values }) => `extern const ${type} ${name}[${values.length}];`
  )
  return `/* The numbers of weights.c. */
#ifndef WEIGHTS_H
#define WEIGHTS_H

#include <stdint.h>

${declarations.join('\n')}

#endif
`
}

/** Returns weights.c: packed weights, biases and requantization constants of every layer. */
export function weightsSource(network: QuantizedNetwork, plan: Plan): string {
  const parts = tables(network, plan).map(
    ({ type, name, values, comment }) => `\n/* ${commentText(comment)} */\n${arrayOf(type, name, values)}`
  )
  return `/*
 * Weights are packed for the inner product that reads them (kernels/layouts.md); bias, mult and shift turn sums into the
 * next layer's codes (see network.c).
 */
#include "weights.h"
${parts.join('')}`
}

interface Table {
  type: 'uint32_t' | 'int32_t' | 'uint8_t' | 'int8_t'
  name: string
  values: string[]
  comment: string
}

function tables(network: QuantizedNetwork, plan: Plan): Table[] {
  return network.layers.flatMap((layer, index) => layerTables(layer, plan, index))
}

function layerTables(layer: IntegerLayer, plan: Plan, index: number): Table[] {
  const of = `layer ${index}, ${layer.name}`
  const scale = (mult: Int32Array, shift: Uint8Array): Table[] => [
    {
      type: 'int32_t',
      name: `mult_${index}`,
      values: [...mult].map(int32Literal),
      comment: `Multipliers of ${of}`
    },
    {
      type: 'uint8_t',
      name: `shift_${index}`,
      values: [...shift].map(String),
      comment: `Right shifts of ${of}`
    }
  ]
  if (!isWeighted(layer)) {
    const isCounted = layer.op === 'avgPool' && layer.mult.length > 1
    return [...parameterTable(layer, index, of), ...(isCounted ? scale(layer.mult, layer.shift) : [])]
  }
  const weights = weightBytes(layer, plan.layers[index])
  return [
    {
      type: 'uint32_t',
      name: `weights_${index}`,
      values: words(weights),
      comment: `Weights of ${of}: ${layer.weights.length} codes of ${layer.weightBits} bits in ${weights.length} bytes`
    },
    {
      type: 'int32_t',
      name: `bias_${index}`,
      values: [...layer.bias].map(int32Literal),
      comment: `Bias of ${of}`
    },
    ...(layer.last ? [] : scale(layer.mult, layer.shift))
  ]
}

/** Tables, constants and strides of an operator without weights. */
function parameterTable(layer: IntegerLayer, index: number, of: string): Table[] {
  const name = `parameters_${index}`
  const comment = `Parameters of ${of} (${layer.op})`
  const numbers = layerWords(layer)
  if (numbers !== null) return [{ type: 'int32_t', name, values: [...numbers].map(int32Literal), comment }]
  const bytes = parameterBytes(layer)
  if (bytes === null) return []
  return [{ type: 'int8_t', name, values: [...new Int8Array(bytes.buffer)].map(String), comment }]
}
