import { describe, expect, it } from 'vitest'
import { createTwinHandlers } from '@main/board/twins/twinHandlers'
import type { CallContext } from '@shared/contract/framework/define'
import type { KeptTwin } from '@main/board/twins/twinStore'

type Deps = Parameters<typeof createTwinHandlers>[0]

const measured = { rows: [], judge: null, form: 'rv32im' } as const
const kept = { name: 'bench', made: {}, measured, clockHz: 50_000_000, seed: 1, madeAtMs: 0 }

/** Handlers over one kept twin, and what they save. */
function withTwin() {
  const saved: KeptTwin[] = []
  const requests: unknown[] = []
  let ended: Promise<void> = Promise.resolve()
  const deps = {
    twins: { all: async () => [kept], save: async (twin: KeptTwin) => void saved.push(twin) },
    readFirmware: async () => ({}),
    makeTwin: async ({ request }: { request: unknown }) => {
      requests.push(request)
      return {}
    },
    jobs: {
      start: ({ run }: { run: (context: unknown) => Promise<void> }) => {
        ended = run({ signal: new AbortController().signal, progress: () => undefined })
        return { jobId: 'job' }
      }
    },
    nowMs: () => 7,
    changed: async () => undefined
  } as unknown as Deps
  return { handlers: createTwinHandlers(deps), saved, requests, ended: () => ended }
}

const again = { name: 'bench', rows: null, judge: null, seed: 3, clockHz: null, isa: null }

const call = { signal: new AbortController().signal } as CallContext

describe('a twin that is fitted again to the rows it keeps', () => {
  it.each([
    [null, 50_000_000],
    [75_000_000, 75_000_000]
  ])('given the clock %s has the clock %s', async (clockHz, expected) => {
    const { handlers, saved, requests, ended } = withTwin()
    await handlers['board.fitTwin']({ ...again, clockHz }, call)
    await ended()
    expect(requests).toEqual([{ ...measured, seed: 3 }])
    expect(saved).toMatchObject([{ name: 'bench', measured, clockHz: expected, madeAtMs: 7 }])
  })

  it('refuses a judge or an ISA beside its own', async () => {
    const { handlers, requests } = withTwin()
    for (const given of [{ judge: [] }, { isa: 'rv32imc' }])
      await expect(handlers['board.fitTwin']({ ...again, ...given }, call)).rejects.toMatchObject({
        code: 'input.invalid'
      })
    expect(requests).toEqual([])
  })
})

describe('a twin of a core with packed dot products', () => {
  it.each(['rv32im_zicsr_xbb', 'rv32im_xbbcfu'])('%s is refused: its monitor has none', async (isa) => {
    const { handlers, requests } = withTwin()
    const measuredThere = { ...again, rows: [...measured.rows], isa }
    await expect(handlers['board.fitTwin'](measuredThere, call)).rejects.toMatchObject({
      code: 'input.unsupported'
    })
    expect(requests).toEqual([])
  })
})
