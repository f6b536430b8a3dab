import { describe, expect, it } from 'vitest'
import type { QuantizedNetwork } from '@core/quant/quantizedNetwork'
import {
  benchedLayers,
  runEnergyPhases,
  type EnergyProtocol,
  type EnergySession
} from '@main/deploy/boardEnergy'
import type { Runner } from '@main/deploy/imageRunner'

/** Two layers: a matmul of 3 x 2 with requantisation, and one without work. Outputs are those of `host`. */
const network = {
  inputShape: [1, 1, 3],
  outputCount: 2,
  layers: [
    {
      name: 'fc',
      op: 'add',
      outputShape: [1, 1, 7],
      input: { bits: 4 },
      outBits: 4
    },
    { name: 'flat', op: 'flatten', outputShape: [1, 1, 7], input: { bits: 4 }, outBits: 4 }
  ]
} as unknown as QuantizedNetwork

interface Traced {
  marks: string[]
  repetitions: (number | null)[]
  benches: number[]
  done: number[]
  caughtUp: number[]
}

/** A board on a clock of its own: an inference takes 10 ms, a bench 5 ms and 2 ms a repetition. */
async function traced(
  protocol: Partial<EnergyProtocol>,
  change: { outputs?: number[]; abortAfter?: number; lineMs?: number } = {}
): Promise<Traced> {
  let now = 0
  const trace: Traced = { marks: [], repetitions: [], benches: [], done: [], caughtUp: [] }
  const outputs = new Int32Array(change.outputs ?? [5, 9, 1])
  const controller = new AbortController()
  const session = {
    upload: async () => undefined,
    read: async (_address: number, length: number) =>
      new Uint8Array(outputs.buffer, 0, Math.min(length, outputs.byteLength)).slice(),
    async bench({ repetitions }: { repetitions: number }) {
      trace.benches.push(repetitions)
      now += 5 + 2 * repetitions + (change.lineMs ?? 0)
      return { cycles: change.lineMs === undefined ? [] : [2_000, 2_000] }
    }
  } as unknown as EnergySession
  const runner = {
    place: { inputAddress: 0, outputAddress: 64, images: 1 },
    async execute(count: number) {
      now += 10 * count
      return { cycles: 0, instructions: 0 }
    }
  } as unknown as Runner
  await runEnergyPhases(
    {
      ...{ session, runner, network, host: new Int32Array([5, 9]) },
      inputs: { codes: new Int8Array(3), images: 1 },
      protocol: { idleMs: 700, trials: 2, trialMs: 300, layers: true, ...protocol },
      mark({ name, state, repetitions }) {
        trace.marks.push(`${name} ${state} ${now}`)
        if (state === 'end') trace.repetitions.push(repetitions)
        if (trace.marks.length === change.abortAfter) controller.abort()
      },
      clockHz: change.lineMs === undefined ? null : 1_000_000,
      clock: {
        nowMs: () => now,
        caughtUp: async () => void trace.caughtUp.push(now),
        leaveOutWaiting: () => () => undefined
      },
      rest: async (durationMs) => void (now += durationMs)
    },
    { signal: controller.signal, progress: (done) => void trace.done.push(done) }
  )
  return trace
}

describe('energy of a network on a board', () => {
  it('rests, then runs inferences and kernels for the time of a trial, and counts what ran', async () => {
    const { marks, repetitions, benches, done, caughtUp } = await traced({})
    expect(marks).toEqual([
      // One inference is compared with the host before, whose tail of 100 ms is not rest.
      'idle begin 110',
      'idle end 810',
      'inference begin 810',
      'inference end 1110',
      'inference begin 1110',
      'inference end 1410',
      // 7, 21, 133 and 323 ms find the repetitions.
      'layer fc begin 1894',
      'layer fc end 2217',
      'layer fc begin 2217',
      'layer fc end 2540'
    ])
    expect(benches).toEqual([1, 8, 64, 159, 159, 159])
    expect(repetitions).toEqual([null, 30, 30, 159, 159])
    expect(done).toEqual([0, 1, 2, 3, 4, 5])
    // The meter has given each phase before the next begins.
    expect(caughtUp).toEqual([1110, 1410, 2217, 2540])
  })

  it('finds repetitions by the cycles of the core, however long the line takes', async () => {
    const { benches } = await traced({}, { lineMs: 500 })
    // 2 ms a repetition: 1, then eight times as many until 300 ms are filled.
    expect(benches).toEqual([1, 8, 64, 165, 165, 165])
  })

  it('runs inferences alone without layers', async () => {
    const { marks, benches } = await traced({ layers: false, trials: 3 })
    expect(marks.filter((line) => line.includes('end')).map((line) => line.split(' ')[0])).toEqual([
      ...['idle', 'inference', 'inference', 'inference']
    ])
    expect(benches).toEqual([])
  })

  it('measures nothing of a network whose outputs are wrong', async () => {
    await expect(traced({}, { outputs: [5, 8, 1] })).rejects.toMatchObject({
      code: 'deploy.mismatch',
      message: expect.stringContaining('of 1 images differ')
    })
  })

  it('ends between phases when it is cancelled', async () => {
    await expect(traced({}, { abortAfter: 2 })).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('benches the layers that have work in their own size', () => {
    expect(benchedLayers(network)).toEqual([
      {
        name: 'fc',
        calls: [{ kernel: 'add', dims: [7], scale: 1, activationBits: 4, weightBits: 0 }]
      }
    ])
  })

  it.each(['binary', 'requantize', 'move', 'constant', 'embed', 'output'])(
    'gives %s no energy of the kernel that stands in for it',
    (op) => {
      const [first] = network.layers
      const loops = { counts: [7], inStrides: [1], outStrides: [1] }
      const layer = {
        ...first,
        op,
        name: 'own',
        loops,
        fill: null,
        width: 7
      } as unknown as QuantizedNetwork['layers'][number]
      expect(benchedLayers({ ...network, layers: [layer] })).toEqual([])
    }
  )
})
