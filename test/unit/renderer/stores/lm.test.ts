import { expect, it } from 'vitest'
import type { LmMemory } from '@shared/contract/lm'
import { useLanguageModels } from '@renderer/stores/lm'
import { withClient } from './withClient'

const memory = (weightBytes: number): LmMemory => ({
  ...{ programBytes: 1, weightBytes, tableBytes: 1, cacheBytes: 1, workBytes: 1, freeBytes: 1 }
})
const info = {
  ...{ name: 'm', dim: 8, hiddenDim: 8, layers: 1, heads: 1, kvHeads: 1, vocabulary: 300, sequenceLength: 8 },
  ...{ tied: true, headSize: 8, parameters: 1, cacheBytesAt8Bits: 1, hasCalibration: true, hasText: true }
}

it('shows no memory plan of another model, scheme or board, also when it comes late', async () => {
  const made: ((found: { memory: LmMemory; scheme: string }) => void)[] = []
  withClient({
    'lm.info': () => info,
    'lm.plan': () => new Promise((resolve) => made.push(resolve))
  })
  const store = useLanguageModels()
  const plan = () => store.plan.run({ scheme: 'w8a8', boardId: 'b' })
  const first = plan()
  await store.read.run({ model: 'other.bin' })
  made[0]!({ memory: memory(1), scheme: 'w8a8' })
  await first
  expect(store.memory).toBeNull()
  const second = plan()
  made[1]!({ memory: memory(2), scheme: 'w8a8' })
  await second
  expect(store.memory?.weightBytes).toBe(2)
  store.forgetPlan()
  expect(store.memory).toBeNull()
})
