import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openQemuLink } from '@main/board/links/qemuLink'
import { spawnTethered } from '@main/board/links/killWithParent'
import { hasTool, sayskip } from '../support/ptyPair'
import { bundleWorker } from '../support/workerFile'

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  // A dead child of a dead parent may wait to be reaped.
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ''
  return !/\) Z /.test(stat)
}

const gone = async (pid: number): Promise<boolean> => {
  for (let tries = 0; tries < 4000 && isRunning(pid); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  return !isRunning(pid)
}

describe.skipIf(process.platform === 'win32')('a tethered child', () => {
  it('is the program itself: its id, its streams, its exit code', async () => {
    const child = spawnTethered(spawn, 'sh', ['-c', 'read line; echo "$$ $line"; exit 7'])
    child.stdin.write('to you\n')
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const [code] = (await once(child, 'close')) as [number]
    expect({ code, said }).toEqual({ code: 7, said: `${child.pid} to you\n` })
  })

  it('ends when its parent is killed without a chance to tidy up', async () => {
    const entry = await bundleWorker('test/support/tetheredParent.ts')
    const parent = spawn(process.execPath, [entry, 'sleep', '600'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [chunk] = (await once(parent.stdout, 'data')) as [Buffer]
    const pid = Number(chunk.toString().trim())
    expect(isRunning(pid)).toBe(true)
    parent.kill('SIGKILL')
    expect(await gone(pid)).toBe(true)
  })

  it('says that a program is missing', async () => {
    const missing = openQemuLink({ program: 'qemu-system-nothing', boardArguments: [], spawn })
    await expect(missing).rejects.toMatchObject({ code: 'tool.missing' })
  })
})

const missing = hasTool('qemu-system-riscv32') ? [] : ['qemu-system-riscv32']
if (missing.length > 0) sayskip('QEMU after its parent was killed', missing.join())

describe.skipIf(missing.length > 0)('QEMU', () => {
  it('ends with the link, and tells why a board that it does not have did not start', async () => {
    let pid = 0
    const noting = ((...args: Parameters<typeof spawn>) => {
      const child = spawn(...args)
      pid = child.pid!
      return child
    }) as typeof spawn
    const program = 'qemu-system-riscv32'
    const link = await openQemuLink({ program, boardArguments: ['-bios', 'none'], spawn: noting })
    expect(isRunning(pid)).toBe(true)
    await link.close()
    expect(await gone(pid)).toBe(true)
    const wrong = openQemuLink({ program, boardArguments: ['-bios', '/nowhere.bin'], spawn })
    await expect(wrong).rejects.toMatchObject({
      code: 'board.faulted',
      message: expect.stringContaining('nowhere.bin') as string
    })
  })

  it('ends when the process that opened it is killed', async () => {
    const entry = await bundleWorker('test/support/tetheredParent.ts')
    const parent = spawn(process.execPath, [entry, 'qemu'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [chunk] = (await once(parent.stdout, 'data')) as [Buffer]
    const pid = Number(chunk.toString().trim())
    expect(isRunning(pid)).toBe(true)
    parent.kill('SIGKILL')
    expect(await gone(pid)).toBe(true)
  })
})
