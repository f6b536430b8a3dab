import { afterAll, beforeAll, expect, it } from 'vitest'
import { metricAt } from '@core/gpu/metrics'
import { simulatedMs, steadyMs, virtualBoardsMetered } from '@main/board/links/virtualActivity'
import { energyModel } from '@core/sim/core/energy'
import { corePresets } from '@core/sim/boards/presets'
import type { MeterDevice } from '@main/meter/meterDevice'
import { createMeterService } from '@main/meter/meterService'
import { virtualWaitingA } from '@main/meter/virtualPpk2Line'
import { meterSetupSchema } from '@shared/contract/meter'
import { type BoardBench, createBoardBench } from '../support/boardBench'
import { unwatched } from '../support/liveMeterDeps'

const supplyV = 3.3
let bench: BoardBench
beforeAll(async () => {
  bench = await createBoardBench()
})
afterAll(() => bench.close())

/** Keeps what an open meter sends until it is stopped: powers with their times, and the edges of its inputs. */
async function startMeter() {
  const opened: MeterDevice[] = []
  const meters = createMeterService({
    ...unwatched,
    steadyMs,
    virtualBoards: virtualBoardsMetered,
    openLine: () => Promise.reject(new Error('The simulated meter needs no port.')),
    async record(_, device) {
      opened.push(device)
      return { jobId: 'job', recordingId: 'recording', result: new Promise<never>(() => undefined) }
    }
  })
  const setup = meterSetupSchema.parse({ port: 'virtual:ppk2', kind: 'ppk2', supplyV, inputs: [0] })
  // The recorder is not what is tested: the device is taken from where it would get it.
  await meters.record(setup, { command: [], idleMs: 0, idleAfterMs: 0 })
  const device = opened[0]!
  const readings: { tMs: number; powerW: number }[] = []
  const edges: { state: string; tMs: number }[] = []
  const sampler = device.start({
    onSamples: (batch) =>
      readings.push(...batch.map(({ tMs, values }) => ({ tMs, powerW: values[metricAt.powerW]! }))),
    onGap: () => undefined,
    onMark: ({ state }, tMs) => void edges.push({ state, tMs }),
    onState: ({ error }) => {
      throw error
    }
  })
  return { device, readings, edges, stop: () => sampler.stop().then(() => device.close()) }
}

it('a simulated PPK2 draws 8 mA while a virtual board waits and more while it executes, and D0 shows which', async () => {
  const board = { id: 'virtual:small' }
  await bench.boards.handlers['board.connect'](board as never, { signal: new AbortController().signal })
  const meter = await startMeter()
  expect(meter.device.origin).toBe('simulated')
  await expect.poll(() => meter.readings.length, { timeout: 60_000 }).toBeGreaterThan(20)
  const startMs = simulatedMs()
  await bench.boards.withLease('virtual:small', 'test', (session) => {
    const item = { kernel: 'matmul' as const, dims: [16, 64, 64], activationBits: 8, weightBits: 8 } as const
    return session.bench({ ...item, dims: [...item.dims], repetitions: 20, seed: 1 })
  })
  const lastEdge = () => meter.edges.at(-1)
  await expect
    .poll(() => lastEdge()?.state === 'end' && meter.readings.at(-1)!.tMs > lastEdge()!.tMs + 20, {
      timeout: 300_000
    })
    .toBe(true)
  await meter.stop()
  const waitingW = virtualWaitingA * supplyV
  // Of every cycle, and of instructions that take 3 to 6 of them.
  const { cyclePj, instructionPj } = energyModel
  const perCycleW = corePresets.small.clockHz * 1e-12
  const leastW = waitingW + perCycleW * (cyclePj + instructionPj.branch / 5)
  const mostW = waitingW + perCycleW * (cyclePj + instructionPj.multiply / 6)
  // The stretch behind an edge (at most 1 ms) can be a few readings, which the filter behind a change of range moves.
  const edgeMs = 1.1
  // A ripple of 1 % and the steps of the converter.
  const isNear = (powerW: number, wantedW: number): boolean => Math.abs(powerW / wantedW - 1) < 0.05

  expect(meter.edges[0]!.state).toBe('begin')
  expect(meter.edges[0]!.tMs).toBeGreaterThan(startMs - 50)
  expect(meter.edges.at(-1)!.state).toBe('end')
  const spans = meter.edges.flatMap(({ state, tMs }, at) =>
    state === 'begin' ? [{ fromMs: tMs, toMs: meter.edges[at + 1]!.tMs }] : []
  )
  const isInside = (tMs: number, marginMs: number): boolean =>
    spans.some(({ fromMs, toMs }) => tMs > fromMs + marginMs && tMs < toMs - marginMs)
  const inside = meter.readings.filter(({ tMs }) => isInside(tMs, edgeMs))
  const outside = meter.readings.filter(({ tMs }) => !isInside(tMs, -edgeMs))
  expect(inside.length).toBeGreaterThan(0)
  expect(outside.length).toBeGreaterThan(0)
  expect(inside.filter(({ powerW }) => powerW < 0.98 * leastW || powerW > 1.02 * mostW)).toEqual([])
  expect(outside.filter(({ powerW }) => !isNear(powerW, waitingW))).toEqual([])
})
