import { expect, it } from 'vitest'
import { createPause } from '@main/threads/pause'

it('lets others run once its turn is over, and not before', async () => {
  const pause = createPause()
  let others = 0
  setImmediate(() => others++)
  await pause()
  expect(others).toBe(0)
  const untilMs = performance.now() + 15
  while (performance.now() < untilMs);
  await pause()
  expect(others).toBe(1)
})
