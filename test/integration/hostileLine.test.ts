import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openBoardSession } from '@main/board/boardSession'
import { openVirtualLink } from '@main/board/links/virtualLink'
import { resourcePath } from '@main/paths'
import { AppError } from '@shared/errors'
import { virtualBoardWorker } from '../support/boardBench'
import { HostileLine } from '../support/hostileSessions'
import { until } from '../support/until'

/**
 * Uploads, kernels and Images over hostile lines to the real firmware, in virtual time: each session ends verified or
 * refused with a named error, within a stated time, and the board serves the next one. BITBENCH_HOSTILE_SESSIONS sets how
 * many (default: 400, about half a minute); `npm run hostile` runs ten thousand.
 */
const sessions = Number(process.env['BITBENCH_HOSTILE_SESSIONS'] ?? 400)

describe('hostile line', () => {
  it(
    `ends ${sessions} seeded sessions verified or with a named error, and the board survives each`,
    async () => {
      const line = new HostileLine()
      const endings = new Map<string, number>()
      const faultKinds = new Set<string>()
      const complaints: string[] = []
      for (let seed = 1; seed <= sessions; seed++) {
        const { ending, complaint, injected } = await line.session(seed)
        endings.set(ending, (endings.get(ending) ?? 0) + 1)
        for (const [name, times] of Object.entries(injected)) if (times > 0) faultKinds.add(name)
        if (complaint !== null) complaints.push(`seed ${seed}, ${ending}: ${complaint}`)
      }
      process.stderr.write(`hostile line: ${JSON.stringify(Object.fromEntries(endings))}\n`)
      expect(complaints).toEqual([])
      // The lines were bad enough to stop some, and not so bad as to stop all.
      expect(endings.get('verified')).toBeGreaterThan(sessions / 2)
      expect(endings.size).toBeGreaterThan(1)
      expect([...faultKinds].sort()).toEqual([
        'cut',
        'delay',
        'drop',
        'duplicate',
        'flip',
        'garbage',
        'reorder',
        'repeat',
        'split',
        'stuck'
      ])
    },
    sessions * 2_000 + 60_000
  )

  it('leaves no handle, timer or listener behind after many connects and unplugs', async () => {
    const firmware = new Uint8Array(readFileSync(resourcePath('firmware', 'build', 'monitor.elf')))
    const workerFile = await virtualBoardWorker()
    const once = async (): Promise<void> => {
      const link = await openVirtualLink({ preset: 'small', firmware, workerFile })
      const session = openBoardSession({ link, onText: () => undefined, nonce: () => 1 })
      await session.hello()
      const broken = session
        .upload(0x8001_0000, new Uint8Array(500_000))
        .catch((error: unknown) => AppError.from(error).code)
      await new Promise((resolve) => setTimeout(resolve, 20))
      await link.close()
      expect(['board.disconnected', 'board.addressRange', 'board.outOfMemory']).toContain(await broken)
    }
    await once()
    await new Promise((resolve) => setTimeout(resolve, 100))
    const before = process.getActiveResourcesInfo().length
    for (let round = 0; round < 8; round++) await once()
    await until(() => process.getActiveResourcesInfo().length <= before + 1)
  })
})
