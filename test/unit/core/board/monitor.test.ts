import { describe, expect, it } from 'vitest'
import { MonitorClient } from '../../../../src/core/board/monitorClient'
import { crc32 } from '../../../../src/core/board/crc'
import { createRandom } from '../../../../src/core/random'
import { SimulatedBoard } from './simulatedBoard'

const randomBytes = (length: number, seed: number): Uint8Array => {
  const random = createRandom(seed)
  return Uint8Array.from({ length }, () => random.integer(256))
}

describe('the monitor on the virtual board', () => {
  const board = new SimulatedBoard('small')
  let text = ''
  const client = new MonitorClient({ onText: (bytes) => (text += new TextDecoder().decode(bytes)) })

  it('prints a banner and says what it is', () => {
    const info = board.converse(client.hello(0x12345678))
    expect(text).toMatch(
      /Bitbench monitor 1\.0\.0, gcc .*, rv32imac_zicsr, RAM 0x80010000-0x80100000\. '\?' for help\./
    )
    expect(info.coreName).toBe('virtual-small')
    expect(info.clockHz).toBe(50_000_000)
    expect(info.ram).toEqual({ low: 0x80010000, high: 0x80100000 })
    expect(info.counters).toEqual({ cycles: true, instructions: true })
    expect(info.kernels.filter(({ kernel }) => kernel === 'conv2d')).toHaveLength(16)
    console.log(info)
  })

  it('loads, reads back and sums memory', () => {
    const bytes = randomBytes(5000, 1)
    expect(board.converse(client.upload(0x80020001, bytes))).toEqual({ crc: crc32(bytes) })
    expect(board.converse(client.read(0x80020001, 5000))).toEqual(bytes)
    expect(board.converse(client.echo(bytes.subarray(0, 1024)))).toEqual(bytes.subarray(0, 1024))
  })

  it('benches', () => {
    const result = board.converse(
      client.bench({
        kernel: 'matmul',
        activationBits: 8,
        weightBits: 8,
        dims: [16, 64, 256],
        repetitions: 3,
        seed: 7
      })
    )
    const reference = board.converse(
      client.bench({
        kernel: 'matmul',
        activationBits: 8,
        weightBits: 8,
        dims: [16, 64, 256],
        repetitions: 3,
        seed: 7,
        reference: true
      })
    )
    console.log(result, reference)
    expect(result.checksum).toBe(reference.checksum)
  })
})
