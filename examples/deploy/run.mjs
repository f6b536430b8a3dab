import { existsSync } from 'node:fs'
import path from 'node:path'
import { bitbench, inRepository, output, report } from '../bitbench.mjs'

const model = inRepository('resources/models/lenet5-fashion.onnx')

// As an Image to a board; every output is compared with the host's integers.
const words = ['--board', 'virtual:small', '--model', model, '--scheme', 'w4a8', '--images', '2']
const deployed = bitbench('deploy', 'run', ...words)

// The same network as C for your own project.
const folder = output('lenet5')
bitbench('deploy', 'build', '--out', folder, '--model', model, '--scheme', 'w4a8', '--images', '1')

report({
  bitExact: deployed.bitExact,
  images: deployed.imagesDone,
  imageBytes: deployed.plan.imageBytes,
  peakRamBytes: deployed.plan.peakRamBytes,
  makefile: existsSync(path.join(folder, 'Makefile'))
})
