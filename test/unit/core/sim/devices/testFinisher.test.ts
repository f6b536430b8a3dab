import { expect, it } from 'vitest'
import { TestFinisher } from '@core/sim/devices/testFinisher'

it('ends the machine by the words of the SiFive test finisher', () => {
  const finisher = new TestFinisher()
  const after = (offset: number, word: number): [string | null, number] => {
    finisher.reset()
    finisher.write(offset, word)
    return [finisher.request, finisher.exitCode]
  }
  expect(after(0, 0x5555)).toEqual(['powerOff', 0])
  // The upper half is the exit code of a failure alone.
  expect(after(0, 0x0007_5555)).toEqual(['powerOff', 0])
  expect(after(0, 0x0007_3333)).toEqual(['powerOff', 7])
  expect(after(0, 0xffff_3333)).toEqual(['powerOff', 65535])
  expect(after(0, 0x7777)).toEqual(['reset', 0])
  expect(after(0, 0x1234)).toEqual([null, 0])
  expect(after(4, 0x5555)).toEqual([null, 0])
  expect(finisher.read()).toBe(0)
})
