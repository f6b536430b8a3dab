import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { targetRam } from '@main/cli/deploy/deploy'
import type { CliContext } from '@main/cli/framework/framework'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'bitbench-ram-'))
  const description = (sizeBytes: number): string =>
    JSON.stringify({
      uart: { kind: 'ns16550', base: 0x1000_0000 },
      ram: { base: 0x8000_0000, sizeBytes },
      counter: { kind: 'none' },
      loader: 'none',
      monitor: 'machine'
    })
  writeFileSync(path.join(folder, 'board.json'), description(300 << 10))
  writeFileSync(path.join(folder, 'large.json'), description(0x7000_0000))
  writeFileSync(path.join(folder, 'none.json'), '{"rows": []}')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the memory of a target that is not connected', () => {
  const ramOf = (values: Record<string, string>): Promise<number | null> =>
    targetRam({ values, positionals: [], hasCommand: false }, { cwd: folder } as CliContext)

  it.each([
    [{}, null],
    [{ ram: '65536' }, 65_536],
    [{ description: 'board.json' }, 300 << 10],
    // The most that an export takes.
    [{ description: 'large.json' }, 0x4000_0000]
  ])('of %o is %s', async (values, expected) => {
    expect(await ramOf(values as Record<string, string>)).toBe(expected)
  })

  it('is said once, by a file that describes a board', async () => {
    await expect(ramOf({ ram: '65536', description: 'board.json' })).rejects.toThrow('both say')
    await expect(ramOf({ description: 'none.json' })).rejects.toMatchObject({ code: 'input.invalid' })
  })
})
