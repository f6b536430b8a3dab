/** Words of this product that a newcomer has to guess, explained where they stand. */
export const terms = {
  unseenShape:
    'Error on layer shapes of which the fit has seen no row. It is what a new network meets, so it decides; the error on random rows, whose shapes the fit knows, is always smaller.',
  baseline:
    'Power the machine draws without the workload. It is measured before and after and subtracted, so that energy belongs to the work alone.',
  valid:
    'VALID: the recording has enough readings, no gaps, no other program on the GPU and no throttling, so that the figure can be quoted. Otherwise INVALID, with the reasons.',
  int8Cost:
    'Cost of the same network with 8 bits for every weight and activation: what a budget is a share of.'
} as const

/** Name of an explained word. */
export type ExplainedTerm = keyof typeof terms
