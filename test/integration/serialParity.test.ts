import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { stmLoad } from '@core/board/loaders/stm'
import { converse } from '@main/board/runConversation'
import { openSerialLink } from '@main/board/links/serialLink'
import { hasTool, sayskip } from '../support/ptyPair'
import { StmRomModel } from '@core/sim/roms/stmRomModel'

const hasSocat = hasTool('socat')
if (!hasSocat) sayskip('the ROM loader over a port', 'socat')

/** Two ptys that outlive their users: a port is closed and opened again where its parity changes. */
function lastingPtys(): { host: string; board: string; end: () => void } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bitbench-parity-'))
  const [host, board] = [path.join(folder, 'host'), path.join(folder, 'board')]
  const socat = spawn(
    'socat',
    [`pty,raw,echo=0,link=${host},ignoreeof`, `pty,raw,echo=0,link=${board},ignoreeof`],
    {
      stdio: 'ignore'
    }
  )
  return {
    host,
    board,
    end() {
      socat.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

describe.skipIf(!hasSocat)('a port whose parity changes', () => {
  const ptys = hasSocat ? lastingPtys() : { host: '', board: '', end: () => undefined }
  afterAll(() => ptys.end())

  it('carries a whole load over the ROM of a GD32VF103, and goes on as the same link', async () => {
    while (!existsSync(ptys.host) || !existsSync(ptys.board))
      await new Promise((resolve) => setTimeout(resolve, 20))
    const rom = new StmRomModel()
    const board = await openSerialLink({ port: ptys.board, baudRate: 115_200 })
    board.onData((bytes) => rom.hear(bytes, 0, { send: (reply) => void board.write(reply) }))
    const host = await openSerialLink({ port: ptys.host, baudRate: 115_200 })
    const ends: string[] = []
    host.onClose(({ text }) => ends.push(text))

    const bytes = Uint8Array.from({ length: 3_000 }, (_, index) => (index * 31) & 0xff)
    const result = await converse(
      host,
      stmLoad({
        segments: [{ address: 0x0800_0000, bytes }],
        entry: 0x0800_0000,
        flash: { base: 0x0800_0000, sizeBytes: 128 << 10 }
      })
    )
    expect(result).toMatchObject({ loadedBytes: 3_000, started: true })
    expect(rom.flash.subarray(0, 3_000)).toEqual(bytes)
    expect(ends).toEqual([])

    const said = new Promise<number>((resolve) => host.onData((more) => resolve(more[0]!)))
    await board.write(Uint8Array.of(0x42))
    expect(await said).toBe(0x42)
    await host.close()
    expect(ends).toEqual(['closed'])
    await board.close()
  })
})
