import { spawn } from 'node:child_process'
import { expect, it } from 'vitest'
import { lockClocks } from '@main/gpu/smi/clockLock'
import type { Spawn } from '@main/gpu/smi/smiProcess'
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

it('says that clocks are locked until they are free again, and why they are not', async () => {
  let isFree = true
  const start: Spawn = (_file, args, options) =>
    spawn(
      process.execPath,
      ['-e', args.includes('-rgc') && !isFree ? 'console.error("no right"); process.exit(4)' : ''],
      options
    )
  const lock = await lockClocks({ spawn: start, smi, gpus }, 1200)
  expect(lock.state()).toEqual({ smClockMhz: 1200, restored: false, message: null })
  expect(await lock.restore()).toEqual({ smClockMhz: 1200, restored: true, message: null })
  expect(lock.state().restored).toBe(true)
  isFree = false
  const stuck = await lockClocks({ spawn: start, smi, gpus }, 1300)
  const state = await stuck.restore()
  expect(state.restored).toBe(false)
  expect(state.message).toContain('no right')
})
