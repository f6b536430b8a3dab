import { bitbench, inRepository, report } from '../bitbench.mjs'

// Any program that speaks the protocol is a runner; this one's network has a single layer of 8 weights.
const runner = ['--', process.execPath, inRepository('examples/workloads/anyRunner.mjs')]
const { runs } = bitbench('workload', 'run', '--no-power', '--quick', '--ablation', 'zero', ...runner)
const [{ state, tables }] = runs
const [layer] = tables.layers
const [impact] = tables.impacts

report({
  state,
  layer: layer.layer,
  microsecondsPerCall: layer.timeUs.value,
  energy: layer.energyTotalJ.verdict,
  // What the predictions lose when the layer's outputs are zero, in nats.
  klWithoutTheLayer: impact.klNats.value
})
