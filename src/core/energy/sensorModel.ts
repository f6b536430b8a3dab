import type { GpuSensor } from '../../shared/contract/gpu'

/**
 * How the power sensor of a GPU family works. `power.draw` is an average over `averagingWindowMs` that is refreshed
 * every `updatePeriodMs`: where the window is shorter than the period, the rest of the time is never looked at.
 *
 * Source: Yang, Adamek, Armour, "Part-time Power Measurements: nvidia-smi's Lack of Attention", arXiv 2312.02741, and
 * its data. A GPU that is not in this table is `unknown` and treated with the slowest published sensor.
 */
export interface SensorModel {
  readonly family: string
  /** GPU names as nvidia-smi prints them, the published ones. */
  readonly published: RegExp
  /** Siblings of the same architecture that the paper did not measure. */
  readonly siblings?: RegExp
  readonly byField: Readonly<Partial<Record<PowerField, SensorTiming>>>
  /** Set where no measurement of this family is published: what NVIDIA's documentation says, or a sibling's timing. */
  readonly basis?: 'documented' | 'sameArchitecture'
  /** Steady-state error against a wattmeter as published, percent, lowest and highest; absent where not published. */
  readonly steadyErrorPercent?: readonly [number, number]
}

/** Power field of nvidia-smi; they differ in what they average over. */
export type PowerField = 'power.draw' | 'power.draw.instant' | 'power.draw.average'

/** How often a power sensor gives a new value, and over what time it averages, ms. */
export interface SensorTiming {
  readonly updatePeriodMs: number
  readonly averagingWindowMs: number
  readonly note: string
  /** Set where the timing of this field is known from NVIDIA's documentation alone. */
  readonly documented?: true
}

export const sensorSource = 'arXiv 2312.02741'
/** nvmlDeviceGetPowerUsage: 1 s average on "Ampere (except GA100) or newer", instantaneous on GA100 and before. */
export const documentationSource = 'NVML API reference, nvmlDeviceGetPowerUsage'

const partTime: SensorTiming = {
  updatePeriodMs: 100,
  averagingWindowMs: 25,
  note: 'Averages the last 25 ms of every 100 ms: 75 % of the run time is not seen. Repeat trials with random gaps.'
}
const secondAverage: SensorTiming = {
  updatePeriodMs: 100,
  averagingWindowMs: 1000,
  note: 'May be an average over 1 s, depending on the driver: the first second of a phase still shows what was before.'
}
const documentedAverage: SensorTiming = {
  updatePeriodMs: 100,
  averagingWindowMs: 1000,
  note: "An average over 1 s by NVIDIA's documentation: the first second of a phase still shows what was before.",
  documented: true
}
const halfTime: SensorTiming = {
  updatePeriodMs: 20,
  averagingWindowMs: 10,
  note: 'Averages the last 10 ms of every 20 ms: half of the run time is not seen.'
}
const wholeTime: SensorTiming = {
  updatePeriodMs: 100,
  averagingWindowMs: 100,
  note: 'Averages the whole 100 ms between updates.'
}

export const sensorModels: readonly SensorModel[] = [
  {
    family: 'Ampere GA100',
    published: /\bA100\b/,
    siblings: /\b(A30|A800)\b/,
    byField: { 'power.draw': partTime, 'power.draw.instant': partTime }
  },
  {
    family: 'Hopper',
    published: /\bH100\b/,
    siblings: /\b(H200|H800|H20|GH200)\b/,
    byField: {
      'power.draw': documentedAverage,
      'power.draw.average': documentedAverage,
      'power.draw.instant': partTime
    }
  },
  {
    family: 'Blackwell',
    // No measurement of this family is published. Its instant reading is treated like Hopper's, the least favourable
    // sensor of the table, so that four trials are required.
    published: /\b(G?B[12]00|G?B300|RTX 50[5-9]0|RTX PRO [2-6]\d00 Blackwell)\b/,
    byField: {
      'power.draw': documentedAverage,
      'power.draw.average': documentedAverage,
      'power.draw.instant': {
        ...partTime,
        note: "No measurement of this sensor is published; treated like Hopper's (25 of 100 ms): repeat trials with random gaps."
      }
    },
    basis: 'documented'
  },
  {
    family: 'Ada Lovelace',
    published: /\b(RTX 40[5-9]0|L4|L40S?|L20|RTX [2-6]000 (SFF )?Ada)\b/,
    byField: {
      'power.draw': documentedAverage,
      'power.draw.average': documentedAverage,
      'power.draw.instant': { ...wholeTime, note: `${wholeTime.note} Taken over from Ampere GA10x.` }
    },
    basis: 'sameArchitecture'
  },
  {
    family: 'Ampere GA10x',
    published: /\bRTX 30[5-9]0\b/,
    siblings: /\b(RTX A[2-6]000|A40|A10[GM]?|A16|A2)\b/,
    byField: {
      'power.draw': secondAverage,
      'power.draw.average': secondAverage,
      'power.draw.instant': wholeTime
    },
    steadyErrorPercent: [-5, -4]
  },
  {
    family: 'Turing',
    published: /\b(RTX 20[6-8]0|GTX 16[5-6]0)\b/,
    siblings: /\b(T4|Quadro RTX|TITAN RTX|T1000|T600)\b/,
    byField: { 'power.draw': wholeTime },
    steadyErrorPercent: [-6, 11]
  },
  {
    family: 'Pascal',
    published: /\bGTX 10[5-8]0\b/,
    siblings: /\b(P4|P40|TITAN Xp?|Quadro P)\b/,
    byField: {
      'power.draw': halfTime
    }
  },
  {
    family: 'Volta',
    published: /\b(V100S?|TITAN V|Quadro GV100|GV100)\b/,
    byField: { 'power.draw': { ...halfTime, note: `${halfTime.note} Taken over from Pascal.` } },
    basis: 'sameArchitecture'
  }
]

/** Assumed where nothing is published: the slowest window of the table, so that a phase is rather called too short. */
const cautious = { updatePeriodMs: 100, averagingWindowMs: 1000 } as const

/** Power field of recordings that a power meter beside a board made. */
export const meterPowerField = 'meter'

/** The power limit that readings of a field are judged by, W; 'any' for a power meter, all of whose readings are believed. */
export const believedLimitOf = (powerField: string | null, limitW: number | null): number | null | 'any' =>
  powerField === meterPowerField ? 'any' : limitW

/** A power meter's readings show the time since the reading before: nothing of the run stays unseen. */
const meterSensor: GpuSensor = {
  family: 'power meter',
  updatePeriodMs: 0,
  averagingWindowMs: 0,
  seenFraction: 1,
  basis: 'documented',
  note: 'A power meter in the supply of the board; every reading stands for the time around it.',
  source: null
}

/** Whether a power meter made the readings, and not a GPU's own sensor. */
export const isPowerMeter = (sensor: GpuSensor): boolean => sensor.family === meterSensor.family

/** What is known of the sensor behind one field of one GPU. */
export function sensorOf(gpuName: string, powerField: string | null): GpuSensor {
  if (powerField === meterPowerField) return meterSensor
  for (const model of sensorModels) {
    const published = model.published.test(gpuName)
    if (!published && model.siblings?.test(gpuName) !== true) continue
    const timing = model.byField[powerField as PowerField]
    if (timing === undefined) break
    const error = model.steadyErrorPercent
    const basis =
      timing.documented === true
        ? 'documented'
        : (model.basis ?? (published ? 'published' : 'sameArchitecture'))
    return {
      family: model.family,
      updatePeriodMs: timing.updatePeriodMs,
      averagingWindowMs: timing.averagingWindowMs,
      seenFraction: Math.min(1, timing.averagingWindowMs / timing.updatePeriodMs),
      basis,
      note:
        error === undefined
          ? timing.note
          : `${timing.note} Published steady-state error of the family: ${error[0]} to ${error[1]} %.`,
      source: basis === 'documented' ? documentationSource : sensorSource
    }
  }
  return {
    family: null,
    updatePeriodMs: null,
    averagingWindowMs: null,
    seenFraction: null,
    basis: 'unknown',
    note: 'No published model of this sensor; a 1 s window is assumed where one is needed.',
    source: null
  }
}

/**
 * A phase must last this many sensor windows: at either end up to one window mixes in what was before or is cut off,
 * so that the error this can cause stays about a tenth.
 */
const windowsNeeded = 10

/** Shortest phase whose energy this sensor can give, ms. */
export function shortestPhaseMs(sensor: GpuSensor): number {
  const { updatePeriodMs, averagingWindowMs } = timingOf(sensor)
  return windowsNeeded * Math.max(updatePeriodMs, averagingWindowMs)
}

/** Timing to reckon with: the published one, or the cautious assumption. */
export function timingOf(sensor: GpuSensor): {
  updatePeriodMs: number
  averagingWindowMs: number
  partTime: boolean
} {
  return {
    updatePeriodMs: sensor.updatePeriodMs ?? cautious.updatePeriodMs,
    averagingWindowMs: sensor.averagingWindowMs ?? cautious.averagingWindowMs,
    partTime: sensor.seenFraction !== null && sensor.seenFraction < 1
  }
}
