import { describe, expect, it } from 'vitest'
import { monitorFor } from '@core/board/monitorChoice'

describe('the monitor for a core', () => {
  it.each([
    ['rv32im', 'monitor-im'],
    ['rv32im_zicsr_xbb', 'monitor-xbb'],
    ['rv32imac_zicsr', 'monitor'],
    ['rv32imac_zicsr_zbb', 'monitor-zbb'],
    ['RV32IMAC_Zba_Zbb', 'monitor-zbb'],
    ['rv64imac_zicsr_zbb', 'monitor-rv64'],
    ['rv64imafdcv_zicsr_zbb', 'monitor-rvv'],
    ['rv64imac_v', 'monitor-rvv'],
    // zve32x is not V, and the v of rv is not an extension.
    ['rv64imac_zve32x', 'monitor-rv64']
  ])('%s: %s', (isa, name) => {
    expect(monitorFor(isa)).toBe(name)
  })
})
