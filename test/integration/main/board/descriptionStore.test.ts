import { afterEach, describe, expect, it } from 'vitest'
import { shippedBoards } from '@core/board/description/shippedBoards'
import { type BoardBench, createBoardBench } from '../../../support/boardBench'

let bench: BoardBench | null = null
afterEach(() => bench?.close())

describe('a description that is kept with a board', () => {
  it('is checked, comes back, and goes with null', async () => {
    bench = await createBoardBench()
    const context = { signal: new AbortController().signal }
    const { handlers } = bench.boards
    const id = '/dev/ttyUSB9'
    const read = () => handlers['board.description']({ id }, context)
    expect(await read()).toEqual({ description: null })
    const description = { ...shippedBoards.qemu, monitor: 'machine', clockHz: 10_000_000 } as const
    await handlers['board.saveDescription']({ id, description }, context)
    expect(await read()).toEqual({ description })
    // The UART inside RAM: refused, and what was kept stays.
    const wrong = { ...description, uart: { ...description.uart, base: description.ram.base } }
    await expect(
      handlers['board.saveDescription']({ id, description: wrong }, context)
    ).rejects.toMatchObject({ code: 'input.invalid' })
    expect(await read()).toEqual({ description })
    await handlers['board.saveDescription']({ id, description: null }, context)
    expect(await read()).toEqual({ description: null })
  })
})
