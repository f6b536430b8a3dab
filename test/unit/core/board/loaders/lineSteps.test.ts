import { expect, it } from 'vitest'
import { setLines } from '@core/board/loaders/lineSteps'

it('modem lines are set in order, each held as long as it says', () => {
  const steps = [
    { dtr: false, rts: true, holdMs: 100 },
    { dtr: true, rts: false, holdMs: 1 },
    { dtr: false, rts: false, holdMs: 0 }
  ]
  expect([...(setLines(steps) as Iterable<unknown>)]).toEqual([
    { kind: 'setSignals', dtr: false, rts: true },
    { kind: 'pause', durationMs: 100 },
    { kind: 'setSignals', dtr: true, rts: false },
    { kind: 'pause', durationMs: 1 },
    { kind: 'setSignals', dtr: false, rts: false }
  ])
})
