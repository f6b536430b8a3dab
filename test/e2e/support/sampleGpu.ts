import type { EnergyReport } from '@shared/contract/energy'
import type { Envelope, GpuList, GpuSensor, Recording } from '@shared/contract/gpu'

const sensor: GpuSensor = {
  family: 'Ampere GA100',
  updatePeriodMs: 100,
  averagingWindowMs: 25,
  seenFraction: 0.25,
  basis: 'published',
  note: 'A quarter of the run time is seen',
  source: 'arXiv 2312.02741'
}

export const sampleGpuList: GpuList = {
  state: 'ready',
  nvidiaSmiPath: '/usr/bin/nvidia-smi',
  origin: 'simulated',
  driverVersion: '550.54',
  message: null,
  hint: null,
  gpus: [
    {
      index: 0,
      uuid: 'GPU-00000000-0000-0000-0000-000000000000',
      name: 'Invented GPU of a layout test',
      driverVersion: '550.54',
      memoryTotalBytes: 40 * 1024 ** 3,
      powerLimitW: 400,
      pciBusId: '00000000:01:00.0',
      migEnabled: false,
      migDevices: [],
      fields: [
        { metric: 'powerW', field: 'power.draw', supported: true, value: 61.2, reason: null },
        { metric: 'smClockMhz', field: 'clocks.sm', supported: true, value: 1410, reason: null },
        { metric: 'temperatureC', field: 'temperature.gpu', supported: true, value: 34, reason: null },
        {
          metric: 'memoryTemperatureC',
          field: 'temperature.memory',
          supported: false,
          value: null,
          reason: '[N/A]'
        }
      ],
      powerField: 'power.draw',
      sensor
    }
  ]
}

export const sampleRecording: Recording = {
  id: 'r1',
  title: 'bench.py',
  state: 'done',
  origin: 'simulated',
  command: ['python', 'bench.py', '--precision', 'fp16'],
  startedAtMs: 1_790_000_000_000,
  durationMs: 12_000,
  exitCode: 0,
  gpus: [{ index: 0, name: 'Invented GPU of a layout test', uuid: null }],
  driverVersion: '550.54',
  powerFields: ['power.draw'],
  intervalMs: 100,
  askedHz: 10,
  achievedHz: 9.7,
  samples: 117,
  restarts: 1,
  malformedLines: 0,
  temperatureBeforeC: [31],
  temperatureAfterC: [44],
  powerLimitsW: [400],
  idleMs: 5000,
  idleAfterMs: 2000,
  counter: { state: 'read', reason: null, source: 'libnvidia-ml.so.1' },
  cpuCounter: { state: 'unavailable', reason: 'There is no RAPL counter.', source: null },
  strangers: [],
  strangersUnknown: null,
  clockLock: null,
  migGpus: [],
  message: null
}

const mean = Array.from({ length: 120 }, (_, index) =>
  index > 40 && index < 46 ? null : 60 + (index > 50 ? 180 : 5 * Math.sin(index))
)
export const sampleTrace: Envelope = {
  fromMs: 0,
  stepMs: 100,
  mean,
  min: mean.map((value) => (value === null ? null : value - 6)),
  max: mean.map((value) => (value === null ? null : value + 9))
}

const interval = { mean: 812, low: 790, high: 834, standardDeviation: 14, trials: 4 }
export const sampleEnergy: EnergyReport = {
  recordingId: 'r1',
  origin: 'simulated',
  confidence: 0.95,
  driverVersion: '550.54',
  gpus: [
    {
      gpuIndex: 0,
      name: 'Invented GPU of a layout test',
      powerField: 'power.draw',
      sensor,
      askedHz: 10,
      achievedHz: 9.7,
      temperatureBeforeC: 31,
      temperatureAfterC: 44,
      idle: {
        gpuIndex: 0,
        powerW: 60,
        standardDeviationW: 1.2,
        samples: 50,
        fromMs: 0,
        toMs: 5000,
        basis: 'rest'
      },
      idleAfter: {
        gpuIndex: 0,
        powerW: 62,
        standardDeviationW: 1.1,
        samples: 18,
        fromMs: 12_100,
        toMs: 14_000,
        basis: 'after'
      },
      counter: { state: 'read', reason: null, source: 'libnvidia-ml.so.1' },
      strangers: []
    }
  ],
  clockLock: null,
  cpu: { counter: { state: 'unavailable', reason: 'There is no RAPL counter.', source: null }, zones: [] },
  phases: [
    {
      name: 'fp16',
      trial: 0,
      gpuIndex: 0,
      fromMs: 5000,
      toMs: 9000,
      durationMs: 4000,
      coveredMs: 3400,
      gapCount: 1,
      samples: 34,
      achievedHz: 9.7,
      uniqueValues: 21,
      sensorUpdates: 30,
      totalJ: 812,
      idleJ: 204,
      netJ: 608,
      meanW: 238,
      peakW: 249,
      settledMeanW: 241,
      repetitions: 100,
      totalPerRepetitionJ: 8.12,
      netPerRepetitionJ: 6.08,
      counterJ: 820,
      counterDifference: 0.0099,
      implausible: 0,
      throttledFraction: 0,
      powerCappedFraction: 0,
      flags: [
        {
          code: 'energy.tooShort',
          message: 'The phase is shorter than 5 s.',
          hint: 'Repeat the work inside it.'
        }
      ]
    }
  ],
  summaries: [
    {
      name: 'fp16',
      gpuIndex: 0,
      trials: 4,
      per: 'repetition',
      totalJ: interval,
      netJ: interval,
      meanW: interval,
      durationMs: null,
      spread: 0.017,
      verdict: 'VALID',
      reasons: [],
      notes: []
    }
  ]
}
