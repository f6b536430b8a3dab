import { describe, expect, it } from 'vitest'
import { closeInTurn } from '@main/wiring/closeInTurn'

describe('closing in turn', () => {
  it('closes the data file also where a board does not close, and says what failed', async () => {
    const closed: string[] = []
    const lines: string[] = []
    const part = (name: string, error?: unknown) => async () => {
      await Promise.resolve()
      if (error !== undefined) throw error
      closed.push(name)
    }
    const throwsAtOnce = (): Promise<void> => {
      throw new Error('no such port')
    }
    await closeInTurn(
      [
        part('gpu'),
        part('board', new Error('line is gone')),
        throwsAtOnce,
        part('lab', 'text'),
        part('store')
      ],
      (line) => lines.push(line)
    )
    expect(closed).toEqual(['gpu', 'store'])
    expect(lines).toEqual([
      'Closing went on after: line is gone',
      'Closing went on after: no such port',
      'Closing went on after: text'
    ])
  })
})
