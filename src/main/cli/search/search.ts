import { strategySchema } from '../../../shared/contract/search'
import type { CliNoun } from '../framework/framework'
import { methodOption } from '../model/method'
import { dataSetOption } from '../model/ownData'
import { queueOption } from './queueOption'
import { fileCosts } from './searchBudgets'
import { searchFront } from './searchFront'
import { runSearchVerb } from './searchRun'

/** `bitbench search`: searches on files alone, or kept as runs. */
export const searchCli: CliNoun = {
  noun: 'search',
  verbs: {
    run: {
      summary: 'Searches a scheme for a network.',
      usage: `--model FILE.onnx [--dataset N] [--budget-ratio 0.7|none] [--proxy P.json[,Q.json] | --cost ${fileCosts.join('|')}] [--also size=0.5,…] [--strategy auto|…]`,
      options: {
        model: { type: 'string', help: 'the network' },
        ...dataSetOption,
        'budget-ratio': {
          type: 'string',
          help: 'budget as a share of the all-8-bit cost, or none',
          default: '0.7'
        },
        proxy: {
          type: 'string',
          help: 'fitted proxies, one per kernel, separated by commas; those of energy make the cost boardEnergy'
        },
        cost: { type: 'string', help: `${fileCosts.join(', ')}; where no proxy is given`, default: 'bops' },
        also: { type: 'string', help: 'further budgets, e.g. size=0.5,boardEnergy=0.6' },
        bits: {
          type: 'string',
          help: 'allowed widths of all layers, 1 to 8, e.g. 8,4,2 (boards have kernels for 8, 4, 2, 1)'
        },
        pin: { type: 'string', help: 'widths of single layers, e.g. conv1=w8a8,fc3=w8' },
        objective: {
          type: 'string',
          help: 'kl (to the float network), crossEntropy, mse or accuracy',
          default: 'kl'
        },
        strategy: { type: 'string', help: strategySchema.options.join(', '), default: 'auto' },
        evaluations: { type: 'string', help: 'schemes that are tried', default: '32' },
        start: { type: 'string', help: 'scheme tried first: exported, int8 or bit pairs' },
        batch: { type: 'string', help: 'schemes proposed at a time; part of the result', default: '4' },
        workers: { type: 'string', help: 'evaluations at a time; does not change the result' },
        keep: {
          type: 'boolean',
          help: 'keep the search as a run in the data folder (bitbench run list); then --cost proxy, boardEnergy and ram use stored proxies and boards'
        },
        'retrain-top': {
          type: 'string',
          help: 'with --keep: retrain so many of the best candidates without labels; KL on the search items decides what is kept'
        },
        workload: {
          type: 'string',
          help: 'with --keep: a workload run of the same network; its impact of layers takes the place of probes'
        },
        ...queueOption,
        ...methodOption,
        seed: { type: 'string', help: 'same seed, same search', default: '1' }
      },
      run: runSearchVerb
    },
    front: searchFront
  }
}
