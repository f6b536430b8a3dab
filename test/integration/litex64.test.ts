import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { describedImageName, fillInDescribedMonitor } from '@core/board/describedMonitor'
import { readDescription } from '@core/board/description/readDescription'
import { MonitorClient } from '@core/board/monitorClient'
import type { BenchRequest } from '@core/board/protocol'
import { expectedChecksum } from '@core/profile/expectedChecksum'
import { converse } from '@main/board/runConversation'
import { linkTo, LitexSoc64 } from '../support/rv64/litexSoc64'

/** What LiteX writes of a SoC with Rocket (small), as far as it is read. */
const rocket = `csr_base,timer0,0x12001000,,
csr_base,uart,0x12001800,,
csr_register,uart_rxtx,0x12001800,1,rw
csr_register,uart_txfull,0x12001804,1,ro
csr_register,uart_rxempty,0x12001808,1,ro
csr_register,uart_ev_status,0x1200180c,1,ro
csr_register,uart_ev_pending,0x12001810,1,rw
csr_register,uart_ev_enable,0x12001814,1,rw
constant,config_clock_frequency,50000000,,
constant,config_cpu_reset_addr,268435456,,
constant,config_cpu_count,1,,
constant,config_cpu_isa,rv64i2p0_mac,,
constant,config_cpu_mmu,sv39,,
constant,config_cpu_type_rocket,None,,
constant,config_cpu_variant_small,None,,
constant,config_cpu_human_name,RocketRV64[imac],,
constant,config_csr_data_width,32,,
memory_region,opensbi,0x80000000,2097152,cached+linker
memory_region,clint,0x02000000,65536,cached+linker
memory_region,main_ram,0x80000000,1048576,cached
memory_region,csr,0x12000000,65536,io
`
const built = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(path.resolve('resources/firmware/build', name)))
const text = (name: string): string => new TextDecoder().decode(built(name))

function powerOn(csv: string): { soc: LitexSoc64; banner: string } {
  const board = readDescription(new TextEncoder().encode(csv))
  const name = describedImageName(board)
  expect(name).toBe('monitor-litex64')
  const lists = { addresses: text(`${name}.addresses`), counters: text(`${name}.counters`) }
  const soc = new LitexSoc64(board)
  soc.ram.set(fillInDescribedMonitor(built(`${name}.bin`), lists, board))
  return { soc, banner: Buffer.from(soc.run(new Uint8Array(0))).toString('latin1') }
}

describe.each([
  ['Rocket, RAM at 0x80000000', rocket, 0x8000_0000],
  ['RAM where it is linked', rocket.replaceAll('0x80000000', '0x40000000'), 0x4000_0000],
  ['RAM at 0 (OpenC906)', rocket.replaceAll('0x80000000', '0x00000000'), 0]
])('the monitor of a 64-bit LiteX SoC: %s', (_what, csv, ramBase) => {
  it('starts, says what it is, and computes what every other board does', { timeout: 120_000 }, async () => {
    const { soc, banner } = powerOn(csv)
    expect(banner).toContain(`rv64im_zicsr, RAM 0x`)
    const link = linkTo(soc)
    const client = new MonitorClient()
    const info = await converse(link, client.hello(1), {})
    expect(info).toMatchObject({
      xlen: 64,
      isa: 'rv64im_zicsr',
      coreName: 'litex-00000000:00000000',
      clockHz: 50_000_000,
      counters: { cycles: true, instructions: true }
    })
    expect(info.ram.high).toBe(ramBase + (1 << 20))
    expect(info.ram.low).toBeGreaterThan(ramBase)
    const requests: BenchRequest[] = [
      { kernel: 'matmul', activationBits: 8, weightBits: 8, dims: [2, 4, 32], repetitions: 1, seed: 5 },
      { kernel: 'matmul', activationBits: 4, weightBits: 2, dims: [2, 4, 32], repetitions: 1, seed: 6 },
      { kernel: 'matmul', activationBits: 1, weightBits: 1, dims: [2, 4, 64], repetitions: 1, seed: 7 },
      {
        kernel: 'conv2d',
        activationBits: 8,
        weightBits: 4,
        dims: [4, 4, 2, 2, 3, 3, 1],
        repetitions: 1,
        seed: 8
      }
    ]
    for (const request of requests) {
      const { checksum, cycles } = await converse(link, client.bench(request), {})
      const { kernel, activationBits, weightBits, dims } = request
      expect(checksum).toBe(expectedChecksum({ kernel, activationBits, weightBits, dims }, request.seed))
      expect(cycles[0]).toBeGreaterThan(100)
    }
  })
})
