import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { shippedBoards } from '@core/board/description/shippedBoards'
import { sflJumpFrame, sflLoadFrame, sflMagicAnswer, sflMagicRequest } from '@core/board/loaders/sflFrame'
import { expectedChecksum } from '@core/profile/expectedChecksum'
import { openBoardSession } from '@main/board/boardSession'
import { bootMonitor } from '@main/board/load/boardBoot'
import type { Link } from '@main/board/links/link'
import { openRtlLink } from '@main/board/links/rtlLink'
import { resourcePath } from '@main/paths'
import { hasTool, sayskip } from '../support/ptyPair'
import { verilatedProgram } from '../support/rtl/verilated'

const program = await verilatedProgram('icebreaker')
const open = (): Promise<Link> =>
  openRtlLink({ program: program!, image: null, spawn, label: 'rtl:icebreaker' })

/** What came, as text, once it ends as wanted; from the second call on what came since the one before. */
function replies(link: Link): (end: string) => Promise<string> {
  let text = ''
  let wake = (): void => undefined
  link.onData((data) => {
    text += Buffer.from(data).toString('latin1')
    wake()
  })
  return async (end) => {
    while (!text.endsWith(end)) await new Promise<void>((resolve) => (wake = resolve))
    const all = text
    text = ''
    return all
  }
}

const gcc = 'riscv64-unknown-elf-gcc'
if (!hasTool(gcc)) sayskip('the bytes of the boot loader', gcc)
it.skipIf(!hasTool(gcc))('the boot loader in block RAM is what boot.S says', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-boot-'))
  try {
    const file = path.join(folder, 'words.vh')
    const { status, stderr } = spawnSync(process.execPath, ['scripts/rtlBoot.mjs', '--out', file], {
      encoding: 'utf8'
    })
    expect([stderr, status]).toEqual(['', 0])
    expect(readFileSync(file, 'utf8')).toBe(readFileSync(resourcePath('rtl', 'boot_words.vh'), 'utf8'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

describe.skipIf(program === null)('the board of an iCEBreaker in Verilog', { timeout: 120_000 }, () => {
  it('takes its monitor from the boot loader, which measures kernels on the unit', async () => {
    const link = await open()
    const session = openBoardSession({ link, onText: () => undefined, nonce: () => 1 })
    try {
      const { info, loader } = await bootMonitor(session, {
        loader: 'auto',
        description: shippedBoards.icebreaker,
        readMonitor: async (name, ending = 'bin') =>
          new Uint8Array(readFileSync(resourcePath('firmware', 'build', `${name}.${ending}`))),
        nowMs: () => performance.now(),
        signal: new AbortController().signal,
        onProgress: () => undefined
      })
      expect(loader).toBe('sfl')
      expect(info).toMatchObject({ xlen: 32, isa: 'rv32im_zicsr_xbb', clockHz: 12_000_000 })
      expect(info.ram.high).toBe(0x8002_0000)
      for (const [activationBits, weightBits] of [
        [8, 8],
        [8, 4],
        [4, 4],
        [2, 2]
      ] as const) {
        const item = { kernel: 'matmul', activationBits, weightBits, dims: [4, 8, 64] as number[] } as const
        const result = await session.bench({ ...item, repetitions: 1, seed: 5 })
        expect(result.checksum).toBe(expectedChecksum(item, 5))
        expect(result.cycles[0]).toBeGreaterThan(500)
      }
      expect((await session.reset()).buildId).toBe(info.buildId)
    } finally {
      await link.close()
    }
  })

  it('says what is wrong with a frame, and goes on', async () => {
    const link = await open()
    try {
      const reply = replies(link)
      const replyTo = async (bytes: Uint8Array, end: string): Promise<string> => {
        await link.write(bytes)
        return await reply(end)
      }
      expect(await reply(sflMagicRequest)).toBe(sflMagicRequest)
      expect(await replyTo(Buffer.from('noise\n'), sflMagicRequest)).toBe(sflMagicRequest)
      const damaged = sflLoadFrame(0x8000_0000, Uint8Array.of(1, 2, 3, 4))
      damaged[6] ^= 1
      await link.write(Buffer.from(sflMagicAnswer))
      expect(await replyTo(damaged, 'C')).toBe('C')
      // Above RAM, over the loader's own buffer, and around the end of addresses.
      for (const address of [0x8002_0000, 0x8001_fef0, 0x7fff_ffff, 0xffff_fffe])
        expect(await replyTo(sflLoadFrame(address, Uint8Array.of(1, 2, 3, 4)), 'E')).toBe('E')
      // li a0, 'Z'; lui t0, 0x10000; sb a0, 0(t0); j .
      const words = Uint32Array.of(0x05a0_0513, 0x1000_02b7, 0x00a2_8023, 0x0000_006f)
      const bytes = new Uint8Array(words.buffer)
      expect(await replyTo(sflLoadFrame(0x8000_0100, bytes), 'K')).toBe('K')
      expect(await replyTo(sflJumpFrame(0x8000_0100), 'Z')).toBe('KZ')
    } finally {
      await link.close()
    }
  })
})
