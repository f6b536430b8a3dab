/**
 * Seeded pseudo-random numbers. Core never calls Math.random: the seed is an argument and is recorded in the
 * result, so that the same seed gives the same result.
 *
 * Generator: sfc32 (Chris Doty-Humphrey, PractRand), 128 bits of state, seeded through splitmix32.
 */
export interface Random {
  /** Uniform in [0, 1), 32 bits of resolution. */
  next(): number
  /** Uniform integer in [0, bound). `bound` in 1..2^32. */
  integer(bound: number): number
  /** Standard normal deviate (Box-Muller). */
  normal(): number
  /** In-place Fisher-Yates shuffle; returns the same array. */
  shuffle<T extends { length: number; [index: number]: unknown }>(values: T): T
  /** An independent generator, for a sub-task whose draws must not disturb this one. */
  fork(label: number): Random
}

/** Returns a seeded generator; equal seeds give equal numbers on every machine. */
export function createRandom(seed: number): Random {
  let mixed = seed >>> 0
  const nextSeedWord = (): number => {
    mixed = (mixed + 0x9e3779b9) >>> 0
    let z = mixed
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }
  let a = nextSeedWord()
  let b = nextSeedWord()
  let c = nextSeedWord()
  let counter = 1

  const nextWord = (): number => {
    const t = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return t >>> 0
  }
  for (let i = 0; i < 12; i++) nextWord()

  const next = (): number => nextWord() / 4294967296
  const integer = (bound: number): number => Math.floor(next() * bound)
  return {
    next,
    integer,
    normal() {
      const radius = Math.sqrt(-2 * Math.log(1 - next()))
      return radius * Math.cos(2 * Math.PI * next())
    },
    shuffle(values) {
      const list = values as { length: number; [index: number]: unknown }
      for (let i = list.length - 1; i > 0; i--) {
        const j = integer(i + 1)
        const swap = list[i]
        list[i] = list[j]
        list[j] = swap
      }
      return values
    },
    fork: (label) => createRandom((Math.imul(seed | 0, 0x01000193) ^ Math.imul(label + 1, 0x85ebca6b)) >>> 0)
  }
}
