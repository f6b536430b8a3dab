import { isLast, type QuantizedNetwork } from '../../quant/quantizedNetwork'
import { identifier } from './cText'

/**
 * mlperf.h: what the device's side of MLPerf Tiny's protocol needs of the network: real values of codes, the name.
 * A code means scale * (code + zero); an output of n means MLPERF_OUTPUT_SCALE * n.
 */
export function mlperfHeader(network: QuantizedNetwork): string {
  const outScale = network.layers.find(isLast)?.outScale ?? 1
  return `/* Values of the network that mlperf.c uses. */
#ifndef MLPERF_H
#define MLPERF_H

/* An input code means scale * (code + zero). */
#define MLPERF_INPUT_SCALE ${doubleLiteral(network.inputScale)}
#define MLPERF_INPUT_ZERO ${network.inputZero}
/* Real value of an output of 1. */
#define MLPERF_OUTPUT_SCALE ${doubleLiteral(outScale)}

/* A byte b of \`db\` is the code b - MLPERF_BYTE_OFFSET: 128 for unsigned bytes (pixels), 0 for signed ones. */
#ifndef MLPERF_BYTE_OFFSET
#define MLPERF_BYTE_OFFSET 128
#endif

/* The models of MLPerf Tiny are ic01, kws01, vww01 and ad01. */
#ifndef MLPERF_MODEL
#define MLPERF_MODEL "${identifier(network.name)}"
#endif

#endif
`
}

/** A C double that is exactly `value`. */
function doubleLiteral(value: number): string {
  const text = String(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}
