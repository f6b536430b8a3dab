import { describe, expect, it } from 'vitest'
import { ofNewestBuild } from '@core/profile/newestBuild'

const sample = (kernel: string, buildId: number | null, measuredAtMs: number) => ({
  ...{ kernel, buildId, measuredAtMs },
  time: measuredAtMs
})

describe('samples of the newest firmware', () => {
  it('leaves out what an older firmware took, kernel by kernel', () => {
    const old = [sample('maxPool', 1, 10), sample('add', 1, 11)]
    const now = [sample('maxPool', 2, 20), sample('maxPool', 2, 21)]
    expect(ofNewestBuild([...now, ...old])).toEqual([...now, old[1]])
  })

  it('keeps rows without a build where they are the newest, and leaves them out where they are not', () => {
    const imported = sample('maxPool', null, 30)
    const measured = sample('maxPool', 2, 20)
    expect(ofNewestBuild([measured, imported])).toEqual([imported])
    expect(
      ofNewestBuild([{ ...measured, measuredAtMs: 31 }, imported]).map(({ buildId }) => buildId)
    ).toEqual([2])
  })

  it('takes the later row of two at one time, as the fits do', () => {
    expect(ofNewestBuild([sample('add', 1, 5), sample('add', 2, 5)])).toEqual([sample('add', 2, 5)])
    expect(ofNewestBuild([])).toEqual([])
  })
})
