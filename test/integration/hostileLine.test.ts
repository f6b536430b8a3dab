import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/random'
import { openSession } from '@main/board/boardSession'
import { createFaultLink, type FaultPlan, type LineFaults } from '@main/board/faultLink'
import { openVirtualLink } from '@main/board/virtualLink'
import { resourcePath } from '@main/paths'
import { AppError } from '@shared/errors'
import { virtualBoardWorker } from '../support/boardBench'

/**
 * Uploads and benchmarks over a hostile line to the real firmware: each ends verified or refused with a named error,
 * within a stated time, and the board is usable afterwards. BITBENCH_HOSTILE_SESSIONS sets how many (default 16).
 */
const sessions = Number(process.env['BITBENCH_HOSTILE_SESSIONS'] ?? 16)
const named = [
  'board.timeout',
  'board.crcMismatch',
  'board.protocol',
  'board.disconnected',
  'board.notMonitor',
  'board.refused',
  'board.addressRange'
]
const sessionLimitMs = 60_000

/** One seeded schedule: a few kinds of fault, mild to severe. */
function planFor(seed: number): FaultPlan {
  const random = createRandom(seed)
  const rate = (): number => 10 ** (-3.7 + 2 * random.next())
  const faults = (): LineFaults => {
    const kinds: (() => LineFaults)[] = [
      () => ({ dropPerByte: rate() }),
      () => ({ flipPerByte: rate() }),
      () => ({ duplicatePerByte: rate() }),
      () => ({ garbagePerChunk: 0.1 * random.next() }),
      () => ({ splitPerChunk: random.next() }),
      () => ({ reorderPerChunk: 0.05 * random.next() }),
      () => ({ repeatPerChunk: 0.1 * random.next() }),
      () => ({ delayPerChunk: 0.2 * random.next(), delayMaxMs: 20 }),
      () => ({ cutAfterBytes: 20 + random.integer(4_000) }),
      () => ({ stuckAfterBytes: 20 + random.integer(4_000) })
    ]
    const first = kinds[random.integer(kinds.length)]!()
    const second = kinds[random.integer(8)]!()
    return { ...first, ...second }
  }
  return { seed, sending: faults(), receiving: random.next() < 0.7 ? faults() : {} }
}

describe('hostile line', () => {
  it(
    `ends ${sessions} seeded sessions verified or with a named error, and the board survives each`,
    async () => {
      const board = await openVirtualLink({
        preset: 'small',
        firmware: new Uint8Array(readFileSync(resourcePath('firmware', 'build', 'monitor.elf'))),
        workerFile: await virtualBoardWorker()
      })
      const outcomes = { verified: 0, refused: 0, faults: 0 }
      try {
        for (let seed = 1; seed <= sessions; seed++) {
          const line = createFaultLink(board, planFor(seed))
          const session = openSession({
            link: line,
            onText: () => undefined,
            nonce: () => seed,
            timing: { answerMs: 250 }
          })
          const random = createRandom(seed)
          const bytes = Uint8Array.from({ length: 200 + random.integer(3_000) }, () => random.integer(256))
          const signal = AbortSignal.timeout(sessionLimitMs)
          let address = 0
          try {
            address = (await session.hello({ signal })).ram.low
            await session.upload(address, bytes, { signal })
            const request = {
              kernel: 'matmul',
              activationBits: 8,
              weightBits: 8,
              dims: [2, 4, 16],
              repetitions: 1,
              seed
            } as const
            const { checksum } = await session.bench(request, { signal })
            line.heal()
            // Verified means: on a clean line the same is there.
            expect((await session.bench(request)).checksum).toBe(checksum)
            outcomes.verified++
          } catch (error) {
            const failure = AppError.from(error)
            expect(named, `seed ${seed}: ${failure.message}`).toContain(failure.code)
            expect(failure.hint.length).toBeGreaterThan(10)
            outcomes.refused++
          }
          outcomes.faults += Object.values(line.injected).reduce((sum, count) => sum + count, 0)
          line.heal()
          // The board is usable: a fresh conversation on the healed line.
          const info = await session.hello()
          await session.upload(info.ram.low, bytes)
          expect(Buffer.compare(await session.read(info.ram.low, bytes.length), bytes)).toBe(0)
          expect(board.closed).toBeNull()
        }
      } finally {
        await board.close()
      }
      process.stderr.write(`hostile line: ${JSON.stringify(outcomes)}\n`)
      expect(outcomes.verified + outcomes.refused).toBe(sessions)
      expect(outcomes.verified).toBeGreaterThan(0)
      expect(outcomes.faults).toBeGreaterThan(sessions)
    },
    sessions * 20_000 + 60_000
  )

  it('leaves no handle, timer or listener behind after many connects and unplugs', async () => {
    const firmware = new Uint8Array(readFileSync(resourcePath('firmware', 'build', 'monitor.elf')))
    const workerFile = await virtualBoardWorker()
    const once = async (): Promise<void> => {
      const link = await openVirtualLink({ preset: 'small', firmware, workerFile })
      const session = openSession({ link, onText: () => undefined, nonce: () => 1 })
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
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before + 1)
  })
})
