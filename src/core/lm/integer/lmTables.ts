/** Tables of the integer decoder, the same for every model (docs/arithmetic.md "Decoder"). */

/** exp(-n) in 1/32768, n = 0..15. */
export const wholeExponents = Uint16Array.from({ length: 16 }, (_, nats) =>
  Math.round(2 ** 15 * Math.exp(-nats))
)

/** exp(-n/256) in 1/32768, n = 0..255. */
export const partExponents = Uint16Array.from({ length: 256 }, (_, part) =>
  Math.round(2 ** 15 * Math.exp(-part / 256))
)

/** Logistic function in 1/32768 at the middle of each 1/64 from -8 to 8. */
export const logistic = Uint16Array.from({ length: 1024 }, (_, index) =>
  Math.round(2 ** 15 / (1 + Math.exp(-(index - 511.5) / 64)))
)
