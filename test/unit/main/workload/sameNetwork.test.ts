import { describe, expect, it } from 'vitest'
import { resourcePath } from '@main/paths'
import { requireSameNetwork } from '@main/workload/sameNetwork'
import { newRecord } from '@main/workload/workloadRecord'
import { workloadRequestSchema, type WorkloadStep } from '@shared/contract/workload'

const step: WorkloadStep = {
  ...{ id: 'layer:a', kind: 'layer', trials: 4, trialsDone: 1 },
  ...{ state: 'waiting', seconds: 1, reason: null }
}
const check = (began: string | null, now: string | null, steps = [step], runner: object | null = null) =>
  requireSameNetwork(
    {
      ...newRecord(
        'w',
        workloadRequestSchema.parse({ runner: runner ?? { kind: 'onnx', model: '/net.onnx' } }),
        began,
        0
      ),
      steps
    },
    { networksFolder: resourcePath('workloads'), contentId: async () => now }
  )

describe('a workload run that goes on', () => {
  it('refuses a file that has changed', async () => {
    await expect(check('aaaa', 'bbbb')).rejects.toMatchObject({
      code: 'job.notResumable',
      message: expect.stringMatching(/\/net.onnx has changed .*content aaaa, now bbbb/) as string
    })
  })
  it('takes the same file, one of an older run, one that cannot be read, and other runners', async () => {
    await expect(check('aaaa', 'aaaa')).resolves.toBeUndefined()
    await expect(check(null, 'bbbb')).resolves.toBeUndefined()
    await expect(check('aaaa', null)).resolves.toBeUndefined()
    await expect(check('aaaa', 'bbbb', [])).resolves.toBeUndefined()
    await expect(check('aaaa', 'bbbb', [step], { kind: 'command', command: ['x'] })).resolves.toBeUndefined()
  })
})
