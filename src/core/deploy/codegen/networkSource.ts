import {
  elementCount,
  isLast,
  isWeighted,
  type IntegerLayer,
  type QuantizedNetwork
} from '../../quant/quantizedNetwork'
import type { Plan, PlanLayer } from '../plan'
import { commentText, identifier } from './cText'

/** network.h and network.c: the plan as code, one function per layer over one arena. */
export function networkHeader(network: QuantizedNetwork, plan: Plan): string {
  const [height, width, channels] = network.inputShape
  return `/* ${commentText(network.name)}: ${network.layers.length} layers, arena ${plan.arenaBytes} bytes, weights ${plan.weightsBytes} bytes. */
#ifndef NETWORK_H
#define NETWORK_H

#include <stdint.h>

/* Input: ${height} x ${width} x ${channels} codes, rows of pixels of channels. */
#define NETWORK_INPUT_BYTES ${plan.inputBytes}u
#define NETWORK_OUTPUTS ${plan.outputCount}u
#define NETWORK_LAYERS ${network.layers.length}u

/* Runs one image. outputs[NETWORK_OUTPUTS] become the logits; returns 0, or a bb_status when a kernel refused. */
int network_run(const int8_t *input, int32_t *outputs);

/* The largest output; the first one wins. */
uint32_t network_argmax(const int32_t *outputs);

/* Names of the layers, for reports. */
extern const char *const network_layer_names[NETWORK_LAYERS];

#endif
`
}

/** Returns network.c: one function per layer and the inference that calls them in order. */
export function networkSource(network: QuantizedNetwork, plan: Plan): string {
  const functions = network.layers.map((layer, index) =>
    layerFunction(layer, plan.layers[index], index, network)
  )
  const calls = network.layers.map((layer, index) => `layer_${index}_${identifier(layer.name)}`)
  const weighted = network.layers.filter(isWeighted)
  return `/*
 * ${commentText(network.name)}: integers only. Activations are codes of the stated bits, one byte each; all of them and the kernels'
 * scratch share one arena, placed by lifetime (offsets below). Arithmetic: sums are int32; a sum becomes a code by
 * (sum + bias) * mult >> shift, rounded half up, minus the output's zero offset, clamped to its bits.
 */
#include "network.h"

#include "bb.h"
#include "weights.h"

#include <string.h>

/* Bytes ${plan.arenaBytes}; no placement of these buffers can take less than ${plan.arenaLowerBoundBytes}. */
static int8_t arena[${plan.arenaBytes}] __attribute__((aligned(16)));

const char *const network_layer_names[NETWORK_LAYERS] = {
${network.layers.map(({ name }) => `    ${JSON.stringify(commentText(name))},`).join('\n')}
};
${
  weighted.length > 0
    ? sinks(
        weighted.some(({ last }) => !last),
        weighted.some(({ last }) => last)
      )
    : ''
}
${functions.join('\n')}
int network_run(const int8_t *input, int32_t *outputs)
{
    static bb_status (*const layers[NETWORK_LAYERS])(void) = {
${calls.map((call) => `        ${call},`).join('\n')}
    };
    memcpy(arena + ${plan.inputOffset}, input, NETWORK_INPUT_BYTES);
    for (uint32_t i = 0; i < NETWORK_LAYERS; i++) {
        bb_status status = layers[i]();
        if (status != BB_OK) return status;
    }
    memcpy(outputs, arena + ${plan.outputOffset}, NETWORK_OUTPUTS * sizeof *outputs);
    return BB_OK;
}

uint32_t network_argmax(const int32_t *outputs) { return bb_argmax(outputs, NETWORK_OUTPUTS); }
`
}

const sinks = (codes: boolean, logits: boolean): string => `
/* Where a kernel's finished sums go, a few pixels at a time. */
typedef struct {
    bb_requant requant;
    uint32_t channels;
    void *out;
} tile_sink;
${
  codes
    ? `
static void put_codes(void *context, uint32_t pixel, uint32_t pixels, const int32_t *sums)
{
    const tile_sink *sink = context;
    bb_requantize(&sink->requant, sums, pixels, sink->channels, (int8_t *)sink->out + pixel * sink->channels);
}
`
    : ''
}${
  logits
    ? `
static void put_logits(void *context, uint32_t pixel, uint32_t pixels, const int32_t *sums)
{
    const tile_sink *sink = context;
    int32_t *out = (int32_t *)sink->out + pixel * sink->channels;
    for (uint32_t p = 0; p < pixels; p++)
        for (uint32_t c = 0; c < sink->channels; c++)
            *out++ = (int32_t)((uint32_t)*sums++ + (uint32_t)sink->requant.bias[c]);
}
`
    : ''
}`

const shapeText = (shape: readonly number[]): string => shape.join('x')

function layerFunction(
  layer: IntegerLayer,
  planned: PlanLayer,
  index: number,
  network: QuantizedNetwork
): string {
  const from = layer.inputs.map((at) => (at < 0 ? 'input' : network.layers[at].name)).join(' and ')
  const bits = isWeighted(layer)
    ? `, activations ${layer.activationBits} bits, weights ${layer.weightBits} bits`
    : `, codes ${layer.input.bits} bits`
  const out = isLast(layer) ? 'int32' : `${layer.outBits} bits`
  const comment = `${index} ${layer.name}: ${layer.op} of ${from}${bits}; ${shapeText(layer.inputShape)} -> ${shapeText(layer.outputShape)} (${out})`
  return `/* ${commentText(comment)} */
static bb_status layer_${index}_${identifier(layer.name)}(void)
{
${layerBody(layer, planned, index)}
}
`
}

const at = (offset: number): string => `arena + ${offset}`

function layerBody(layer: IntegerLayer, planned: PlanLayer, index: number): string {
  const input = at(planned.inputOffsets[0] ?? 0)
  const output = at(planned.outputOffset)
  const count = elementCount(layer.outputShape)
  const second = at(planned.inputOffsets[1] ?? 0)
  const own = `parameters_${index}`
  const factors = 'mult' in layer && !isWeighted(layer) ? `${layer.mult[0] ?? 0}, ${layer.shift[0]}` : ''
  const end = `${layer.outZero}, ${layer.outBits}, ${layer.relu ? 1 : 0}, ${output}`
  const relu = layer.relu ? 1 : 0
  const done = '    return BB_OK;'
  switch (layer.op) {
    case 'flatten':
      return planned.inputOffsets[0] === planned.outputOffset
        ? `    /* the codes already lie in this order */\n${done}`
        : `    bb_flatten(${input}, ${count}u, ${output});\n${done}`
    case 'add': {
      const [multA = 0, multB = 0] = layer.mult
      const zeros = `${layer.input.zero}, ${layer.inputB.zero}`
      return `    bb_add(${input}, ${at(planned.inputOffsets[1])}, ${count}u, ${zeros}, ${multA}, ${multB}, ${layer.shift[0]}, ${layer.outZero}, ${layer.outBits}, ${relu}, ${output});\n${done}`
    }
    case 'requantize':
      return `    bb_requantize_codes(${input}, ${count}u, ${layer.input.zero}, ${layer.mult[0]}, ${layer.shift[0]}, ${layer.outZero}, ${layer.outBits}, ${relu}, ${output});\n${done}`
    case 'maxPool':
      return `${poolShape(layer)}    bb_maxpool(&shape, ${input}, ${output});\n${done}`
    case 'avgPool':
      if (layer.mult.length > 1)
        return `${poolShape(layer)}    bb_avgpool_counted(&shape, ${input}, ${layer.input.zero}, mult_${index}, shift_${index}, ${end});\n${done}`
      return `${poolShape(layer)}    bb_avgpool(&shape, ${input}, ${layer.input.zero}, ${layer.mult[0]}, ${layer.shift[0]}, ${layer.outZero}, ${layer.outBits}, ${relu}, ${output});\n${done}`
    case 'table':
      return `    bb_table(${input}, ${count}u, ${layer.tables.length / 256}, ${own}, ${output});\n${done}`
    case 'binary': {
      const zeros = `${layer.input.zero}, ${layer.inputB.zero}, ${layer.mult[0]}, ${layer.mult[1] ?? 0}, ${layer.shift[0]}`
      return `    bb_binary((const bb_binary_shape *)${own}, ${input}, ${second}, ${zeros}, ${end});\n${done}`
    }
    case 'move': {
      const fill = layer.fill === null ? '' : `    memset(${output}, ${layer.fill}, ${count});\n`
      return `${fill}    bb_move((const bb_move_shape *)${own}, ${input}, ${output});\n${done}`
    }
    case 'gather':
      return `    bb_gather(${own}, ${count}u, ${layer.fill}, ${input}, ${output});\n${done}`
    case 'reduce':
      return `    bb_reduce((const bb_reduce_shape *)${own}, ${input}, ${layer.input.zero}, ${factors}, ${end});\n${done}`
    case 'softmax':
      return `    bb_softmax((const bb_softmax_shape *)${own}, ${input}, ${layer.outZero}, ${layer.outBits}, ${output});\n${done}`
    case 'normalize':
      return `    bb_normalize((const bb_normalize_shape *)${own}, ${input}, ${layer.input.zero}, ${layer.shift[0]}, ${layer.outZero}, ${layer.outBits}, ${output});\n${done}`
    case 'product':
      return `    bb_product((const bb_product_shape *)${own}, ${input}, ${second}, ${layer.input.zero}, ${layer.inputB.zero}, ${factors}, ${end});\n${done}`
    case 'constant':
      return `    memcpy(${output}, ${own}, ${count});\n${done}`
    case 'embed':
      return `    bb_embed((const bb_embed_shape *)${own}, ${input}, ${count / layer.width}u, ${output});\n${done}`
    case 'recurrent': {
      const scratch = at(planned.scratchOffset)
      const written = `${factors}, ${layer.outZero}, ${layer.outBits}, ${scratch}, ${output}`
      return `    bb_recurrent((const bb_recurrent_shape *)${own}, ${input}, ${layer.input.zero}, ${written});\n${done}`
    }
    case 'output':
      return `    bb_output(${input}, ${count}u, ${layer.input.zero}, (int32_t *)(void *)(${output}));\n${done}`
    default:
      return weightedBody(layer, planned, index, input, output, relu)
  }
}

function poolShape(layer: Extract<IntegerLayer, { op: 'maxPool' | 'avgPool' }>): string {
  const numbers = [...layer.inputShape, ...layer.outputShape.slice(0, 2), ...layer.kernel, ...layer.stride]
  return `    static const bb_pool_shape shape = { ${[...numbers, layer.pad[0], layer.pad[1]].join(', ')} };\n`
}

function weightedBody(
  layer: Extract<IntegerLayer, { weights: Int8Array }>,
  planned: PlanLayer,
  index: number,
  input: string,
  output: string,
  relu: number
): string {
  const outputs = layer.outputShape[2]
  const factors = layer.last ? 'NULL, NULL' : `mult_${index}, shift_${index}`
  const requant = `{ bias_${index}, ${factors}, ${layer.outZero}, ${layer.last ? 0 : layer.outBits}, ${relu} }`
  const sink = `    tile_sink sink = { ${requant}, ${outputs}, ${output} };\n`
  const put = layer.last ? 'put_logits' : 'put_codes'
  const scratch = at(planned.scratchOffset)
  const pair = `bb_find_pair(${layer.activationBits}, ${layer.weightBits}, 0)`
  if (layer.op === 'dense') {
    const inner = layer.weights.length / outputs
    const sumBytes = Math.ceil((4 * outputs) / 16) * 16
    return `${sink}    int32_t *sums = (int32_t *)(void *)(${scratch});
    bb_status status = bb_matmul(${pair}, ${input}, weights_${index}, 1, ${outputs}, ${inner}, sums, ${at(planned.scratchOffset + sumBytes)}, ${planned.scratchBytes - sumBytes});
    if (status == BB_OK) ${put}(&sink, 0, 1, sums);
    return status;`
  }
  const numbers = [...layer.inputShape, ...layer.outputShape, ...layer.kernel, ...layer.stride]
  const shape = `    static const bb_conv_shape shape = { ${[...numbers, layer.pad[0], layer.pad[1], layer.padCode, ...(layer.dilation ?? [1, 1])].join(', ')} };\n`
  const call =
    layer.op === 'depthwiseConv2d'
      ? `bb_depthwise(&shape, ${input}, (const int8_t *)weights_${index}`
      : `bb_conv2d(${pair}, &shape, ${input}, weights_${index}`
  return `${shape}${sink}    return ${call}, ${put}, &sink, ${scratch}, ${planned.scratchBytes});`
}
