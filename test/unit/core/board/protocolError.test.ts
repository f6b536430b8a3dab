import { expect, it } from 'vitest'
import { refusal, statusNames } from '@core/board/protocolError'

it('an operator that a monitor leaves out is not put down to damage', () => {
  const refused = (reason: number) =>
    refusal('prepare', statusNames.indexOf('badImage'), Uint8Array.of(reason))
  expect(refused(6)).toMatchObject({ code: 'board.unsupportedKernel', details: { reason: 6 } })
  expect(refused(6).message).toContain('it holds an operator or bit pair the firmware does not have')
  expect(refused(6).hint).toContain('a small one leaves out')
  expect(refused(3).hint).toContain('damaged')
})
