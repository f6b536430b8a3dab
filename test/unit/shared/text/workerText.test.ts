import { describe, expect, it } from 'vitest'
import type { WorkerInfo, WorkerStatus } from '@shared/contract/worker'
import {
  doingOf,
  endedJobs,
  lastSeenText,
  mismatchOf,
  perMinuteOf,
  queueStateText,
  stateOfWorker
} from '@shared/text/workerText'

const worker: WorkerInfo = {
  id: 'w',
  host: 'lab',
  pid: 12,
  processor: 'a processor',
  code: '1.0-abc',
  arithmetic: 'x64-avx2',
  tasks: ['model.evaluate'],
  concurrency: 4,
  done: 7,
  failed: 2,
  perMinute: 3,
  running: [
    { task: 'model.evaluate', forMs: 400 },
    { task: 'model.evaluate', forMs: 2_150 }
  ],
  startedAtMs: 0,
  seenAtMs: 5,
  silentMs: 1_200,
  isAlive: true,
  isHere: false,
  matches: true
}

describe('texts of workers', () => {
  it('say what one does', () => {
    expect(stateOfWorker(worker)).toBe('2 of 4 busy')
    expect(doingOf(worker)).toBe('2 × model.evaluate, 2.1 s')
    expect(stateOfWorker({ ...worker, running: [] })).toBe('idle')
    expect(stateOfWorker({ ...worker, isAlive: false, silentMs: 61_000 })).toBe('gone, silent for 61 s')
    expect(doingOf({ ...worker, isAlive: false })).toBe('–')
    expect(perMinuteOf(worker)).toBe(3)
    expect(perMinuteOf({ ...worker, isAlive: false })).toBeNull()
  })

  it('say why one gets no jobs', () => {
    const own = { code: '1.1-def', arithmetic: 'x64-avx2' }
    expect(mismatchOf(worker, own)).toBeNull()
    const other = { ...worker, matches: false }
    expect(mismatchOf(other, own)).toBe('gets no jobs of this copy: version 1.0-abc, here 1.1-def')
    expect(mismatchOf(other, { code: '1.0-abc', arithmetic: 'arm64-plain' })).toBe(
      'gets no jobs of this copy: processor kind x64-avx2, here arm64-plain'
    )
  })

  it('add what all ended', () => {
    expect(endedJobs([worker, { ...worker, done: 1, failed: 0 }])).toEqual({ finished: 8, failed: 2 })
    expect(endedJobs([])).toEqual({ finished: 0, failed: 0 })
  })

  it('say how the server is', () => {
    const status: WorkerStatus = {
      ...{ server: 'redis://lab:6379', state: 'up' as const, problem: null, pending: 0, kept: true },
      ...{ code: 'c', arithmetic: 'a', waiting: 0, active: 0, workers: [worker], leases: [] }
    }
    const all: WorkerStatus = { ...status, workers: [worker, { ...worker, isAlive: false }] }
    expect(queueStateText(all)).toBe('redis://lab:6379 is connected, 1 worker.')
    expect(queueStateText({ ...all, state: 'down' })).toBe('redis://lab:6379 cannot be reached.')
    expect(queueStateText({ ...all, state: 'refused' })).toBe('redis://lab:6379 cannot be used.')
    expect(queueStateText({ ...all, server: null, state: 'off' })).toContain('No queue server is named')
  })
})

it('says how long ago a worker reported, with thousands as everywhere else', () => {
  expect([1_499, 1_500, 3_074_000].map((silentMs) => lastSeenText({ silentMs }))).toEqual([
    ...['1 s ago', '2 s ago', '3,074 s ago']
  ])
})
