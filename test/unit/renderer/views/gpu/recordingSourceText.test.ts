import { expect, it } from 'vitest'
import { sourceText } from '../../../../../src/renderer/views/gpu/recordingSourceText'

const gpu = (name: string, index: number) => ({ name, index, uuid: null })

it('names each kind of GPU once, with how many there are', () => {
  expect(sourceText({ gpus: [gpu('A100', 0)] })).toBe('A100')
  expect(sourceText({ gpus: [gpu('A100', 0), gpu('T4', 1), gpu('A100', 2)] })).toBe('2 x A100, T4')
})
