import { describe, expect, it } from 'vitest'
import { detectBootLoader } from '@core/board/loaders/detect'

describe('a board that is silent', () => {
  it('gets Ctrl-C only after a note, with time to cancel', () => {
    const looking = detectBootLoader()
    const happened: string[] = []
    let silentMs = 0
    expect(() => {
      for (
        let next = looking.next(new Uint8Array(0));
        next.done !== true;
        next = looking.next(new Uint8Array(0))
      ) {
        const step = next.value
        if (step.kind === 'receive') silentMs += step.timeoutMs
        else if (step.kind === 'progress') happened.push(`${silentMs}: ${step.note}`)
        else if (step.kind === 'send' && step.bytes.includes(0x03)) happened.push(`${silentMs}: Ctrl-C`)
      }
    }).toThrow('boot loader')
    expect(happened.slice(0, 2)).toEqual([
      '6000: no reply; Ctrl-X and Ctrl-C follow in 3 s, for a transfer that broke off',
      '9000: Ctrl-C'
    ])
  })
})
