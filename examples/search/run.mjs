import { bitbench, inRepository, report } from '../bitbench.mjs'

// Bits per layer that lose least within half of the bit operations of int8; four schemes are evaluated on the search
// images, the best one on the held-out test images. LeNet-5 (resources/models/lenet5-fashion.onnx, without --dataset)
// takes a minute or two instead of seconds.
const model = inRepository('examples/own-network/halves.onnx')
bitbench('dataset', 'add', inRepository('test/fixtures/datasets/pictures'), '--name', 'halves')
const budget = ['--cost', 'bops', '--budget-ratio', '0.5', '--evaluations', '4', '--seed', '1']
const found = bitbench('search', 'run', '--model', model, '--dataset', 'halves', ...budget)

const [limit] = found.costs
report({
  scheme: found.scheme.map(({ weightBits, activationBits }) => `w${weightBits}a${activationBits}`).join(','),
  bops: found.bestCost,
  budget: limit.budget,
  isWithinBudget: found.budgetFeasible && found.bestCost <= limit.budget,
  evaluations: found.trace.length,
  testAccuracy: found.test.best
})
