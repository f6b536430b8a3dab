import { describe, expect, it } from 'vitest'
import type { Loop } from '@shared/contract/loop'
import { AppError } from '@shared/errors'
import { useGuide } from '@renderer/stores/guide'
import { useApp } from '@renderer/stores/app'
import type { MemoryHandlers } from '@renderer/client/memoryClient'
import { sampleLoop } from '../../../e2e/support/sampleRuns'
import { sampleHandlers } from '../../../e2e/support/sampleServices'
import { withClient } from './withClient'

const later = (change: Partial<Loop>): Loop => ({
  ...sampleLoop,
  id: 'l2',
  startedAtMs: sampleLoop.startedAtMs + 1000,
  ...change
})

describe('guided run', () => {
  it('shows the newest stored loop after a reload and offers to go on where it stopped', async () => {
    const client = withClient({
      'loop.list': () => ({ loops: [sampleLoop] }),
      'loop.resume': () => ({ loopId: 'l1', jobId: 'j7' }),
      'loop.get': () => ({ loop: { ...sampleLoop, state: 'running', jobId: 'j7' } }),
      'job.cancel': () => ({ ok: true })
    })
    const guide = useGuide()
    expect(guide.steps.map(({ id, state }) => `${id} ${state}`)).toEqual(
      ['connect', 'profile', 'fit', 'search', 'deploy', 'check'].map((id) => `${id} waiting`)
    )
    await guide.load.run()
    expect(guide.steps.map(({ state }) => state)).toEqual([
      ...['done', 'done', 'done', 'waiting', 'waiting', 'waiting']
    ])
    expect([guide.isRunning, guide.isDone, guide.canResume]).toEqual([false, false, true])
    await guide.resume.run()
    expect([guide.isRunning, guide.canResume]).toEqual([true, false])
    await guide.cancel.run()
    expect(client.calls.slice(1).map(({ name, input }) => [name, input])).toEqual([
      ['loop.resume', { loopId: 'l1' }],
      ['loop.get', { loopId: 'l1' }],
      ['job.cancel', { id: 'j7' }]
    ])
  })

  it('follows the loop it started, keeps a failure with its hint, and ignores older loops', async () => {
    const error = new AppError('board.disconnected', 'The board was unplugged.', 'Plug it in.').toJSON()
    const client = withClient({
      ...(sampleHandlers as MemoryHandlers),
      'loop.run': () => ({ loopId: 'l2', jobId: 'j1' }),
      'loop.get': () => ({ loop: later({ state: 'running', jobId: 'j1' }) })
    })
    const guide = useGuide()
    await guide.start.run()
    expect(client.calls.find(({ name }) => name === 'loop.run')?.input).toEqual({ boardId: 'virtual:small' })
    const steps = sampleLoop.steps.map((step) =>
      step.id === 'search' ? { ...step, state: 'failed' as const, error } : step
    )
    client.emit('loop.changed', later({ state: 'failed', steps }))
    expect(guide.steps[3]).toMatchObject({ title: 'Search', page: 'search', error: { hint: 'Plug it in.' } })
    expect(guide.canResume).toBe(true)
    client.emit('loop.changed', { ...sampleLoop, state: 'done' })
    expect(guide.loop?.id).toBe('l2')
  })

  it('keeps the loop that was opened when its page lists them, until a later one begins', async () => {
    const loops = [later({ state: 'done' }), sampleLoop]
    const client = withClient({
      ...(sampleHandlers as MemoryHandlers),
      'loop.list': () => ({ loops }),
      'loop.get': () => ({ loop: sampleLoop })
    })
    const guide = useGuide()
    await guide.load.run()
    expect(guide.loop?.id).toBe('l2')
    await guide.show.run('l1')
    await guide.load.run()
    expect(guide.loop?.id).toBe('l1')
    client.emit('loop.changed', later({ id: 'l3', state: 'running' }))
    loops.unshift(later({ id: 'l3', state: 'running' }))
    await guide.load.run()
    expect(guide.loop?.id).toBe('l3')
  })

  it('remembers once that the guide was seen to its end', async () => {
    const client = withClient({ ...(sampleHandlers as MemoryHandlers) })
    await useApp().load.run()
    const guide = useGuide()
    client.emit('loop.changed', later({ state: 'running' }))
    client.emit('loop.changed', later({ state: 'done' }))
    client.emit('loop.changed', later({ state: 'done' }))
    expect(guide.isDone).toBe(true)
    const saved = client.calls.filter(({ name }) => name === 'app.saveSettings')
    expect(saved.map(({ input }) => input)).toEqual([{ guideSeen: true }])
  })
})
