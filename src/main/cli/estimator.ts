import type { CliNoun } from './framework'
import { transferVerb } from './estimatorTransfer'

/** `bitbench estimator`: latency by stage, on files alone; needs no data file. */
export const estimatorCli: CliNoun = {
  noun: 'estimator',
  summary: 'latency by stage: train, evaluate, move to another device, guard a budget',
  verbs: { transfer: transferVerb }
}
