import { describe, expect, it } from 'vitest'
import { useAdaptive } from '@renderer/stores/adaptive'
import { sampleAdaptiveRun } from '../../../e2e/support/sampleAdaptive'
import { withClient } from './withClient'

const older = { ...sampleAdaptiveRun, id: 'a0', state: 'done' as const }

describe('adaptive store', () => {
  it('shows the newest run, the one that was just started, or the one chosen', async () => {
    const client = withClient({
      'profile.adaptiveRuns': () => ({ runs: [sampleAdaptiveRun, older] }),
      'profile.adaptive': () => ({ jobId: 'j', runId: 'a2' })
    })
    const adaptive = useAdaptive()
    await adaptive.load.run()
    expect(adaptive.open?.id).toBe('a1')
    adaptive.openId = 'a0'
    expect(adaptive.open?.id).toBe('a0')
    await adaptive.start.run({ boardId: 'virtual:small' })
    client.emit('profile.adaptiveChanged', { ...sampleAdaptiveRun, id: 'a2', state: 'running' })
    expect(adaptive.open?.id).toBe('a2')
    expect(adaptive.running?.id).toBe('a2')
    expect(adaptive.runs).toHaveLength(3)
  })

  it('grows the curve of a run with every batch', async () => {
    const client = withClient({ 'profile.adaptiveRuns': () => ({ runs: [older] }) })
    const adaptive = useAdaptive()
    await adaptive.load.run()
    const longer = [...older.adaptive, { ...older.adaptive[0]!, rows: 200 }]
    client.emit('profile.adaptiveChanged', { ...older, adaptive: longer })
    expect(adaptive.runs).toHaveLength(1)
    expect(adaptive.open?.adaptive.at(-1)?.rows).toBe(200)
  })
})
