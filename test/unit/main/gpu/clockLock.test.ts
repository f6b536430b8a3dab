import { spawn } from 'node:child_process'
import { expect, it } from 'vitest'
import { lockClocks } from '@main/gpu/clockLock'
import type { Spawn } from '@main/gpu/smiProcess'
import type { Gpu } from '@shared/contract/gpu'

const smi = { path: 'nvidia-smi', file: process.execPath, leadingArguments: [] }
const gpus = [0, 3].map((index) => ({ index })) as Gpu[]

it('gives clocks free again when nvidia-smi cannot be started for another GPU', async () => {
  const asked: string[] = []
  const start: Spawn = (_file, args, options) => {
    asked.push(args.join(' '))
    const file = args[1] === '3' ? '/nowhere/nvidia-smi' : process.execPath
    return spawn(file, ['-e', ''], options)
  }
  await expect(lockClocks({ spawn: start, smi, gpus }, 900)).rejects.toMatchObject({ code: 'tool.failed' })
  expect(asked).toEqual(['-i 0 -lgc 900,900', '-i 3 -lgc 900,900', '-i 0 -rgc'])
})
