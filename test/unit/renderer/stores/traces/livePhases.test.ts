import { expect, it } from 'vitest'
import { useGpu } from '@renderer/stores/gpu'
import { sampleRecording } from '../../../../e2e/support/sampleGpu'
import { withClient } from '../withClient'

const recording = {
  ...sampleRecording,
  id: 'r',
  startedAtMs: 1000,
  durationMs: null,
  state: 'running' as const
}
const stored = (name: string, fromMs: number, ended: boolean) => ({
  ...{ name, trial: 1, fromMs, toMs: fromMs + 5, repetitions: 1, ended }
})

it('shows a phase once that was loaded before it was announced', async () => {
  const client = withClient({
    'gpu.recording': () => ({
      recording,
      gaps: [],
      phases: [stored('a', 10, true), stored('b', 20.25, false)]
    })
  })
  const gpu = useGpu()
  client.emit('gpu.recordingChanged', recording as never)
  await gpu.loadPhases.run('r')
  expect(gpu.loadPhases.error).toBeNull()
  const mark = (name: string, state: 'begin' | 'end', atMs: number): void =>
    client.emit('gpu.phaseMarked', { recordingId: 'r', name, state, atMs })
  // Stored and loaded, then announced.
  mark('b', 'begin', 20.25)
  mark('b', 'end', 30)
  // The same name again is another phase.
  mark('b', 'begin', 40)
  expect(gpu.livePhases.map(({ name, fromMs, toMs }) => [name, fromMs, toMs])).toEqual([
    ['a', 1010, 1015],
    ['b', 1020.25, 1030],
    ['b', 1040, null]
  ])
  // A trigger waits for what begins while the window looks.
  expect(gpu.phaseStarts.map(({ name, atMs }) => [name, atMs])).toEqual([
    ['b', 1020.25],
    ['b', 1040]
  ])
})

it('holds no trace of a GPU for a phase of a power meter that records beside it', () => {
  const client = withClient({})
  const gpu = useGpu()
  const meter = {
    ...{ kind: 'ppk2', source: 'virtual:ppk2', supplyV: 3.3, readings: 0, lost: 0 },
    ...{ binMs: null, badLines: [], notes: [] }
  }
  client.emit('gpu.recordingChanged', recording as never)
  client.emit('gpu.recordingChanged', { ...recording, id: 'm', meter } as never)
  for (const recordingId of ['m', 'r'])
    client.emit('gpu.phaseMarked', { recordingId, name: 'idle', state: 'begin', atMs: 5 })
  expect(gpu.livePhases.map(({ recordingId }) => recordingId)).toEqual(['m', 'r'])
  expect(gpu.phaseStarts.map(({ atMs }) => atMs)).toEqual([1005])
})
