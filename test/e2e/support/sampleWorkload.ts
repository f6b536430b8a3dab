import { workloadRequestSchema, type WorkloadCheck, type WorkloadRun } from '@shared/contract/workload'
import { presentFigures } from '@main/workload/report/runFigures'
import type { CommandOutput } from '@shared/contract'
import { sampleTables } from '../../unit/core/workload/statistics/tables'

/** A finished run of a shipped network with simulated power. */
export const sampleWorkload: WorkloadRun = {
  ...{
    id: 'w1',
    jobId: null,
    contentId: null,
    state: 'done',
    startedAtMs: 1_790_000_000_000,
    finishedAtMs: 1_790_000_200_000
  },
  request: workloadRequestSchema.parse({ runner: { kind: 'onnx', model: 'gloss-classifier' } }),
  subject: {
    ...{ model: 'gloss-classifier', runner: 'onnx', runtime: 'onnxruntime 1.30.0', device: 'cpu' },
    ...{ deviceName: null, threads: 1, task: 'accuracy', batch: 8, notes: [] }
  },
  power: {
    ...{ origin: 'simulated', gpu: 'Stand-in A100', driverVersion: '550.54.15' },
    powerField: 'power.draw.instant'
  },
  recordingIds: ['rec1'],
  steps: [
    {
      ...{ id: 'benchmark:fp32', kind: 'benchmark', trials: 4, trialsDone: 4, state: 'done' },
      ...{ seconds: 2, reason: null }
    },
    {
      ...{ id: 'benchmark:bf16', kind: 'benchmark', trials: 0, trialsDone: 0, state: 'skipped' },
      ...{ seconds: 0, reason: 'onnxruntime does not run this on "cpu"' }
    }
  ],
  unknownEvents: 0,
  tables: sampleTables(),
  message: null
}

const check = (name: string, state: WorkloadCheck['state'], detail: string): WorkloadCheck => ({
  ...{ name, state, detail },
  hint: null
})

export const sampleWorkloadChecks = {
  checks: [
    check('onnxruntime provider cpu', 'ok', 'opens a network'),
    check('onnxruntime provider cuda', 'missing', 'Failed to load shared library'),
    check('GPU power', 'warning', 'Stand-in A100, driver 550.54.15: SIMULATED, a stand-in for nvidia-smi')
  ],
  models: ['gloss-classifier', 'gloss-language'],
  providers: ['cpu']
}

/** Its findings and figures as the host draws them. */
export const sampleWorkloadFigures = (): CommandOutput<'workload.figures'> => presentFigures(sampleWorkload)
