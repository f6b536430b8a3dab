import type { StrategyName } from '../../../shared/vocabulary'
import type { Strategy } from '../strategy'
import { additiveGpStrategy } from './additiveGp'
import { autoStrategy } from './auto'
import { gpEiStrategy } from './gpEi'
import { greedyStrategy } from './greedy'
import { integerStrategy } from './integer'
import { micoPublishedStrategy, micoStrategy } from './mico'
import { nsga2Strategy } from './nsga2'
import { pairwiseStrategy } from './pairwise'
import { policyStrategy } from './policy'
import { randomMaximalStrategy, randomStrategy } from './random'
import { tpeStrategy } from './tpe'

/** Every strategy by name. */
export const strategies = {
  auto: autoStrategy,
  integer: integerStrategy,
  pairwise: pairwiseStrategy,
  additiveGp: additiveGpStrategy,
  greedy: greedyStrategy,
  mico: micoStrategy,
  micoPublished: micoPublishedStrategy,
  gpEi: gpEiStrategy,
  tpe: tpeStrategy,
  nsga2: nsga2Strategy,
  policy: policyStrategy,
  randomMaximal: randomMaximalStrategy,
  random: randomStrategy
} as const satisfies Record<StrategyName, Strategy>
