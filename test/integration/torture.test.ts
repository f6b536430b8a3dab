import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { torture } from '../support/torture/torture'

/** Two minutes of what `npm run torture` does for hours; `npm run torture -- --minutes 10 --seed N` goes on from here. */
const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-torture-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('a host survives two minutes of faults and keeps what it announced', { timeout: 600_000 }, async () => {
  const report = await torture({ seconds: 120, seed: 9, folder, log: () => undefined })
  for (const reason of report.skipped) console.log(`Skipped: ${reason}`)
  expect(report.complaints).toEqual([])
  expect(report.survived).toBeGreaterThan(5)
  const injected = [...report.injected.values()].reduce((sum, times) => sum + times, 0)
  expect([report.complained, report.survived]).toEqual([0, injected])
  expect(report.facts).toBeGreaterThan(0)
})
