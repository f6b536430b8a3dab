import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { resourcePath } from '@main/paths'
import type { PhaseMark, Recording } from '@shared/contract/gpu'
import { serveHost, type ServedHost } from '../support/servedHost'

/**
 * `kill -9` of a recording of a power meter and of work on a language model: what a client heard of a recording is there
 * afterwards; of a measurement that did not end there is nothing, and the next one gives what it would have given.
 */
const random = createRandom(62_039)
const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-killed-meters-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let host: ServedHost | undefined
afterEach(() => host?.kill())

const setup = { port: 'virtual:ppk2', kind: 'ppk2', supplyV: 3.3 } as const
const phases = async (of: ServedHost, id: string): Promise<PhaseMark[]> =>
  (await of.call('gpu.recording', { id })).phases
/** Marks a phase every 50 ms, 40 of them. */
const marking = `let n = 0; const say = (state) => console.log(JSON.stringify({ event: 'phase', name: 'p' + (n >> 1), state }));
const timer = setInterval(() => { say(n % 2 === 0 ? 'begin' : 'end'); if (++n === 80) clearInterval(timer) }, 25)`

describe('a process that is killed', () => {
  it(
    'while a meter records: marks that were announced are kept, and the meter is free again',
    { timeout: 300_000 },
    async () => {
      const data = path.join(folder, 'meter')
      let from: ServedHost = (host = await serveHost(data))
      for (let kill = 0; kill < 2; kill++) {
        const { recordingId } = await from.call('meter.record', {
          ...{ ...setup, command: [process.execPath, '-e', marking], idleMs: 300, idleAfterMs: 0 }
        })
        const marks = (): { name: string; state: string; atMs: number }[] =>
          from.heard.flatMap(({ event, payload }) => {
            const mark = payload as { recordingId: string; name: string; state: string; atMs: number }
            return event === 'gpu.phaseMarked' && mark.recordingId === recordingId ? [mark] : []
          })
        const wanted = 1 + random.integer(71)
        const trace = { id: recordingId, gpuIndex: 0, metric: 'powerW', buckets: 1 } as const
        await expect
          .poll(async () => (await from.call('gpu.recordingTrace', trace)).stepMs)
          .toBeGreaterThan(1)
        await expect.poll(() => marks().length, { timeout: 60_000, interval: 5 }).toBeGreaterThan(wanted)
        await new Promise((resolve) => setTimeout(resolve, random.integer(60)))
        await from.kill()
        const announced = marks()
        from = host = await serveHost(data)
        const stored = await phases(from, recordingId)
        expect(new Set(stored.map(({ name }) => name)).size).toBe(stored.length)
        for (const { name, state, atMs } of announced) {
          const phase = stored.find((one) => one.name === name)
          expect(phase).toMatchObject(state === 'begin' ? { fromMs: atMs } : { toMs: atMs, ended: true })
        }
        const { recording } = await from.call('gpu.recording', { id: recordingId })
        expect(recording.state).toBe('interrupted')
        expect(recording.samples).toBeGreaterThan(0)
      }
      const { jobId, recordingId } = await from.call('meter.record', {
        ...{ ...setup, command: [process.execPath, '-e', ''], idleMs: 100, idleAfterMs: 100 }
      })
      await from.heardOf(
        ({ event, payload }) =>
          event === 'job.changed' &&
          (payload as { id: string; state: string }).id === jobId &&
          (payload as { state: string }).state === 'done'
      )
      const { recordings } = (await from.call('gpu.recordings', {})) as { recordings: Recording[] }
      expect(recordings.map(({ id, state }) => [id === recordingId, state]).sort()).toEqual([
        ...[
          [false, 'interrupted'],
          [false, 'interrupted'],
          [true, 'done']
        ]
      ])
    }
  )

  it(
    'while it measures a language model: nothing half is left, and the next measurement is the same',
    { timeout: 300_000 },
    async () => {
      const data = path.join(folder, 'lm')
      const lm = (name: string): string => resourcePath('lm', `glosses-260k${name}`)
      const files = {
        model: lm('.bin'),
        tokenizer: lm('.tok'),
        calibration: lm('-calibration.txt'),
        text: lm('-heldout.txt')
      }
      const request = { files, schemes: ['w4a8', 'w2a8'], documents: 6, seed: 5 }
      const measured = async (from: ServedHost) => {
        const { jobId } = await from.call('lm.perplexity', request)
        await from.heardOf(({ event, payload }) => {
          const job = payload as { id: string; finishedAtMs: number | null }
          return event === 'job.changed' && job.id === jobId && job.finishedAtMs !== null
        }, 300_000)
        return (await from.call('lm.last', {})).loss?.measured
      }
      const first: ServedHost = (host = await serveHost(data))
      const { jobId } = await first.call('lm.perplexity', request)
      await first.heardOf(
        ({ event, payload }) => event === 'job.changed' && (payload as { id: string }).id === jobId
      )
      await new Promise((resolve) => setTimeout(resolve, random.integer(400)))
      await first.kill()
      const second: ServedHost = (host = await serveHost(data))
      expect((await second.call('lm.last', {})).loss).toBeNull()
      const { jobs } = await second.call('job.list', {})
      expect(jobs.filter(({ state }) => state === 'running' || state === 'queued')).toEqual([])
      const after = await measured(second)
      await second.kill()
      host = await serveHost(path.join(folder, 'lm-undisturbed'))
      const undisturbed = await measured(host)
      expect(after?.documents).toBe(6)
      expect(after).toEqual(undisturbed)
    }
  )
})
