import { expect, it } from 'vitest'
import { quietWriteMs } from '@main/board/tools/openOcd'

it('does not end OpenOCD in the middle of a flash, which it writes as a whole without a word', () => {
  // A slow adapter writes a kilobyte a second.
  const bytes = 256 << 10
  expect(quietWriteMs(bytes, true)).toBeGreaterThan((bytes / 1024) * 1000)
  expect(quietWriteMs(bytes, false)).toBe(30_000)
})
