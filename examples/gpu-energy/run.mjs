import { bitbench, inRepository, report } from '../bitbench.mjs'

const { gpus = [], ...status } = bitbench('gpu', 'list')
if (gpus.length === 0) {
  // Not a failure: most machines have no NVIDIA GPU. The command says why.
  report({ gpus: 0, why: status.message ?? status.state ?? 'no NVIDIA GPU' })
} else {
  // One second at rest, the command, one second at rest: the energy above the baseline belongs to the command.
  const words = ['--interval', '100', '--idle', '1000', '--idle-after', '1000', '--gpu', '0']
  const work = [process.execPath, inRepository('examples/gpu-energy/work.mjs')]
  const recording = bitbench('gpu', 'record', ...words, '--', ...work)
  const [whole] = recording.energy.phases
  report({
    gpus: gpus.length,
    origin: recording.energy.origin,
    samples: recording.recording.samples,
    phase: whole.name,
    totalJ: whole.totalJ,
    idleJ: whole.idleJ,
    netJ: whole.netJ
  })
}
