import { describe, expect, it } from 'vitest'
import { boardLeaseName } from '@main/worker/boardLeaseName'

describe('names of leases', () => {
  it('are equal for one console on the network, whatever the protocol and whoever names it', () => {
    expect(boardLeaseName('rfc2217://Lab:3000', 'desk')).toBe('lab:3000')
    expect(boardLeaseName('tcp://lab:3000', 'other')).toBe('lab:3000')
    expect(boardLeaseName('telnet://lab', 'other')).toBe('lab:23')
  })

  it('take a loopback address for the host it is used on', () => {
    expect(boardLeaseName('tcp://127.0.0.1:3000', 'lab')).toBe('lab:3000')
    expect(boardLeaseName('tcp://localhost:3000', 'lab')).toBe('lab:3000')
    expect(boardLeaseName('tcp://[::1]:3000', 'lab')).toBe('lab:3000')
  })

  it('are one behind tunnels of several hosts that name the console at the far end', () => {
    const direct = boardLeaseName('rfc2217://lab:3000', 'desk')
    expect(boardLeaseName('rfc2217://127.0.0.1:4001?board=lab:3000', 'desk')).toBe(direct)
    expect(boardLeaseName('tcp://localhost:3000?board=LAB:3000', 'other')).toBe(direct)
  })

  it('keep serial ports of two hosts apart', () => {
    expect(boardLeaseName('/dev/ttyUSB0', 'lab')).toBe('lab /dev/ttyUSB0')
    expect(boardLeaseName('/dev/ttyUSB0', 'desk')).not.toBe(boardLeaseName('/dev/ttyUSB0', 'lab'))
  })
})
