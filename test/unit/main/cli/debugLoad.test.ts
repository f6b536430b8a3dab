import { describe, expect, it } from 'vitest'
import { boardToolVerbs } from '@main/cli/board/boardTools'

describe('board debug-load', () => {
  it('does not leave --flash out without a word where a GDB server writes', async () => {
    const args = { positionals: ['program.elf'], values: { gdb: 'localhost:3333', flash: true } }
    const run = boardToolVerbs['debug-load']!.run(args as never, {} as never)
    await expect(run).rejects.toThrow('--flash is of OpenOCD')
  })
})
