import { expect, it } from 'vitest'
import { lmSearchVerb } from '@main/cli/lm/lmSearch'
import type { CliContext } from '@main/cli/framework/framework'

const context = {} as CliContext
const run = (values: Record<string, string>): Promise<unknown> =>
  lmSearchVerb.run({ positionals: [], values } as never, context)

it.each(['', '0', '4x', '-1', '1.5M', '384 K', '1234567890123'])('"%s" is no size of RAM', async (ram) => {
  await expect(run({ board: 'virtual:small', ram })).rejects.toThrow(
    '--ram is a size in bytes, such as 393216, 384K or 1M'
  )
})

it('a size of RAM is that of a board', async () => {
  await expect(run({ ram: '384K' })).rejects.toThrow('--ram needs --board')
})
