import { bitbench, inRepository, report } from '../bitbench.mjs'

// Pictures in one folder per class, 8 x 8 pixels: the class says which half is bright.
const pictures = inRepository('test/fixtures/datasets/pictures')
const network = inRepository('examples/own-network/halves.onnx')

const read = bitbench('dataset', 'add', pictures, '--name', 'halves')
const check = bitbench('model', 'check', network)
const evaluate = (scheme) => bitbench('model', 'evaluate', network, '--dataset', 'halves', '--scheme', scheme)
const float = evaluate('float')
const int8 = evaluate('int8')
const budget = ['--cost', 'bops', '--budget-ratio', '0.6', '--evaluations', '4']
const found = bitbench('search', 'run', '--model', network, '--dataset', 'halves', ...budget)
const scheme = found.scheme
  .map(({ weightBits, activationBits }) => `w${weightBits}a${activationBits}`)
  .join(',')
const board = ['--board', 'virtual:small', '--model', network, '--dataset', 'halves', '--scheme', scheme]
const deployed = bitbench('deploy', 'run', ...board, '--images', '10')

report({
  items: read.items,
  deployable: check.deployable,
  floatAccuracy: float.accuracy,
  int8Accuracy: int8.accuracy,
  scheme,
  bitExact: deployed.bitExact
})
