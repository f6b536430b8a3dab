import { describe, expect, it, vi } from 'vitest'
import { createClient, type Transport } from '@renderer/client/client'
import { createMemoryClient } from '@renderer/client/memoryClient'
import { AppError } from '@shared/errors'

const transport = (send: Transport['send']): Transport => ({
  kind: 'memory',
  send,
  subscribe: () => () => undefined,
  onConnection: () => () => undefined
})

describe('client', () => {
  it('refuses input that breaks the contract before anything is sent', async () => {
    const send = vi.fn()
    const client = createClient(transport(send))
    await expect(client.call('board.forget', { id: 7 } as never)).rejects.toMatchObject({
      code: 'input.invalid',
      message: expect.stringContaining('id')
    })
    expect(send).not.toHaveBeenCalled()
  })

  it('refuses a reply that breaks the contract', async () => {
    const client = createClient(transport(async () => ({ ok: true, value: { ok: 'yes' } })))
    await expect(client.call('board.forget', { id: 'x' })).rejects.toMatchObject({
      code: 'internal',
      hint: expect.stringContaining('reload')
    })
  })

  it('revives the service’s own error with its hint', async () => {
    const error = new AppError('board.busy', 'In use by picocom.', 'Close it.', { details: { pid: 4711 } })
    const client = createClient(transport(async () => ({ ok: false, error: error.toJSON() })))
    const caught = await client.call('board.forget', { id: 'x' }).catch((reason: unknown) => reason)
    expect(caught).toBeInstanceOf(AppError)
    expect(caught).toMatchObject({ code: 'board.busy', hint: 'Close it.', details: { pid: 4711 } })
  })

  it('does not wait for ever', async () => {
    vi.useFakeTimers()
    const client = createClient(transport(() => new Promise(() => undefined)))
    const call = client
      .call('board.forget', { id: 'x' }, { timeoutMs: 5000 })
      .catch((reason: unknown) => reason)
    await vi.advanceTimersByTimeAsync(5001)
    expect(await call).toMatchObject({ code: 'host.timeout' })
    vi.useRealTimers()
  })

  it('does not count the time of a job that the call waits for', async () => {
    vi.useFakeTimers()
    const listeners = new Set<(payload: unknown) => void>()
    const client = createClient({
      ...transport(() => new Promise(() => undefined)),
      subscribe(event, listener) {
        expect(event).toBe('job.changed')
        listeners.add(listener)
        return () => void listeners.delete(listener)
      }
    })
    const job = (kind: string, state: string) => ({
      ...{
        id: 'j',
        kind,
        title: 't',
        state,
        done: 0,
        total: 7,
        unit: 'steps',
        ratePerSecond: null,
        remainingMs: null
      },
      ...{ note: '', startedAtMs: 0, finishedAtMs: null, resumable: false, error: null }
    })
    const tell = (payload: unknown): void => listeners.forEach((listener) => listener(payload))
    let ended: unknown
    const call = client
      .call(
        'board.forget',
        { id: 'x' },
        { timeoutMs: 5000, whileJob: ({ kind }) => kind === 'board.makeCore' }
      )
      .catch((reason: unknown) => (ended = reason))
    tell(job('search.run', 'running'))
    await vi.advanceTimersByTimeAsync(4000)
    tell(job('board.makeCore', 'running'))
    await vi.advanceTimersByTimeAsync(900_000)
    expect(ended).toBeUndefined()
    tell(job('board.makeCore', 'done'))
    await vi.advanceTimersByTimeAsync(4900)
    expect(ended).toBeUndefined()
    await vi.advanceTimersByTimeAsync(200)
    expect(await call).toMatchObject({ code: 'host.timeout' })
    vi.useRealTimers()
  })

  it('waits for a job that ran before the call and reports nothing', async () => {
    vi.useFakeTimers()
    const running = {
      ...{ id: 'j', kind: 'board.makeCore', title: 't', state: 'running', done: 1, total: 7, unit: 'steps' },
      ...{ ratePerSecond: null, remainingMs: null, note: '', startedAtMs: 0, finishedAtMs: null },
      ...{ resumable: false, error: null }
    }
    const listeners = new Set<(payload: unknown) => void>()
    const client = createClient({
      ...transport((name) =>
        name === 'job.list'
          ? Promise.resolve({ ok: true, value: { jobs: [running] } })
          : new Promise(() => undefined)
      ),
      subscribe(_, listener) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      }
    })
    let ended: unknown
    void client
      .call(
        'board.forget',
        { id: 'x' },
        { timeoutMs: 5000, whileJob: ({ kind }) => kind === 'board.makeCore' }
      )
      .catch((reason: unknown) => (ended = reason))
    await vi.advanceTimersByTimeAsync(900_000)
    expect(ended).toBeUndefined()
    listeners.forEach((listener) => listener({ ...running, state: 'done' }))
    await vi.advanceTimersByTimeAsync(5100)
    expect(ended).toMatchObject({ code: 'host.timeout' })
    vi.useRealTimers()
  })

  it('delivers events until unsubscribed', () => {
    const client = createMemoryClient({})
    const seen: number[] = []
    const stop = client.subscribe('host.dropped', ({ count }) => seen.push(count))
    client.emit('host.dropped', { count: 3 })
    stop()
    client.emit('host.dropped', { count: 4 })
    expect(seen).toEqual([3])
  })
})
