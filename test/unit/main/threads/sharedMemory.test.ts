import { expect, it } from 'vitest'
import { inSharedMemory } from '@main/threads/sharedMemory'

it('copies a value with its typed arrays into one memory of threads, at places that fit their elements', () => {
  const value = {
    name: 'moments',
    none: null,
    order: [2, 0, 1],
    parts: [{ codes: Int8Array.of(-1, 2, 3) }, { codes: new Int8Array(0) }],
    reals: Float64Array.of(0.5, -2),
    bytes: Uint8Array.of(255),
    sums: Int32Array.of(7),
    floats: Float32Array.of(1.5)
  }
  const shared = inSharedMemory(value)
  expect(shared).toEqual(value)
  expect(shared.reals.buffer).toBeInstanceOf(SharedArrayBuffer)
  expect(shared.parts[0]!.codes.buffer).toBe(shared.reals.buffer)
  value.reals[0] = 9
  expect(shared.reals[0]).toBe(0.5)
})
