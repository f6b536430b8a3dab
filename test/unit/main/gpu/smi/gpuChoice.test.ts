import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { createGpuChoice } from '@main/gpu/smi/gpuChoice'
import { temporaryFolder } from '../../../../support/temporaryFolder'
import { scriptedSmi, type SmiReply } from './scriptedSmi'

const rowOf = (index: number): string => `${index}, GPU-${index}, 550.1, 1024 MiB, 300 W`

/** A choice over an nvidia-smi that lists GPUs 0 and 2, or replies what the test sets. */
function begin() {
  const folder = temporaryFolder()
  const files = ['one', 'two'].map((name) => path.join(folder, name))
  for (const file of files) writeFileSync(file, '')
  const state: { reply: SmiReply | null; path: string | null } = { reply: null, path: files[0]! }
  const smi = scriptedSmi((args) => {
    if (state.reply !== null) return state.reply
    const columns = /--query-gpu=(\S+)/.exec(args)?.[1]?.split(',').length
    if (columns === undefined) return {}
    const rest = Array.from({ length: columns - 6 }, () => '[N/A]')
    return { stdout: [0, 2].map((index) => [rowOf(index), ...rest, 'Card'].join(', ')).join('\n') }
  })
  const choice = createGpuChoice({ spawn: smi.spawn, env: { PATH: '' }, nvidiaSmiPath: () => state.path })
  const lists = (): number => smi.calls.filter((line) => line === '--help-query-gpu').length
  return { choice, state, files, lists }
}

describe('the choice of GPUs', () => {
  it('runs nvidia-smi once, again on request and for another path', async () => {
    const { choice, state, files, lists } = begin()
    const first = await choice.list(false)
    expect(first.gpus.map(({ index }) => index)).toEqual([0, 2])
    expect(await choice.list(false)).toBe(first)
    expect(lists()).toBe(1)
    expect(await choice.list(true)).not.toBe(first)
    expect(lists()).toBe(2)
    state.path = files[1]!
    expect((await choice.list(false)).nvidiaSmiPath).toBe(files[1])
    expect(lists()).toBe(3)
  })

  it('gives those that are wanted, all without a wish, and names those that are not there', async () => {
    const { choice } = begin()
    const indexes = async (wanted?: number[]) => (await choice.chosen(wanted)).gpus.map(({ index }) => index)
    expect(await indexes()).toEqual([0, 2])
    expect(await indexes([2])).toEqual([2])
    for (const [wanted, named] of [
      [[1], '1'],
      [[2, 5, 7], '5, 7']
    ] as const) {
      await expect(choice.chosen(wanted)).rejects.toMatchObject({
        code: 'input.notFound',
        message: `There is no GPU ${named}.`,
        hint: 'This machine has GPU 0, 2.'
      })
    }
    await expect(choice.chosen([])).rejects.toMatchObject({ code: 'input.notFound' })
  })

  it('looks again where there was no GPU, and keeps a good list', async () => {
    const { choice, state, lists } = begin()
    state.reply = { stderr: 'No devices were found', exitCode: 6 }
    await expect(choice.chosen(undefined)).rejects.toMatchObject({ code: 'gpu.noDriver' })
    state.reply = null
    expect((await choice.chosen([0])).list.state).toBe('ready')
    const asked = lists()
    await choice.chosen([2])
    expect(lists()).toBe(asked)
  })

  it('has the command, or says that it is gone', () => {
    const { choice, state, files } = begin()
    expect(choice.requireSmi().path).toBe(files[0])
    state.path = '/nowhere/nvidia-smi'
    expect(() => choice.requireSmi()).toThrow(expect.objectContaining({ code: 'gpu.noDriver' }))
  })
})
