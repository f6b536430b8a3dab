import { describe, expect, it } from 'vitest'
import { networkAddressText, readNetworkAddress } from '@core/board/network/address'

describe('addresses of consoles on the network', () => {
  it.each([
    ['tcp://lab:3000', { scheme: 'tcp', host: 'lab', tcpPort: 3000 }],
    ['RFC2217://10.0.0.7:4000/', { scheme: 'rfc2217', host: '10.0.0.7', tcpPort: 4000 }],
    ['telnet://rack-2.example.org', { scheme: 'telnet', host: 'rack-2.example.org', tcpPort: 23 }],
    ['tcp://[fe80::1%eth0]:65535', { scheme: 'tcp', host: 'fe80::1%eth0', tcpPort: 65_535 }],
    [
      'rfc2217://localhost:3001?board=Lab:3000',
      { scheme: 'rfc2217', host: 'localhost', tcpPort: 3001, board: 'lab:3000' }
    ]
  ])('reads %s', (text, address) => {
    expect(readNetworkAddress(text)).toEqual(address)
  })

  it('writes an address as it is read', () => {
    for (const text of ['tcp://lab:3000', 'telnet://[::1]:23', 'rfc2217://127.0.0.1:4000?board=lab:3000'])
      expect(networkAddressText(readNetworkAddress(text)!)).toBe(text)
  })

  it.each(['/dev/ttyUSB0', 'COM3', 'virtual:small', 'qemu', 'file:///dev/ttyS0'])(
    'leaves %s to others',
    (text) => {
      expect(readNetworkAddress(text)).toBeNull()
    }
  )

  it.each([
    'tcp://',
    'tcp://lab',
    'tcp://lab:0',
    'tcp://lab:65536',
    'tcp://lab:3000/path',
    'tcp://la b:3000',
    'tcp://::1:3000',
    'rfc2217://user:secret@lab:3000',
    'telnet://:23',
    'tcp://lab:3000?',
    'tcp://lab:3000?board=lab',
    'tcp://lab:3000?board=lab:1&speed=9600',
    'tcp://lab:3000?board=lab:0',
    'tcp://lab:3000?board=lab:65536'
  ])('refuses %s and says how to write it', (text) => {
    const refusal = (): unknown => readNetworkAddress(text)
    expect(refusal).toThrowError(expect.objectContaining({ code: 'input.invalid' }))
    expect(refusal).toThrowError(expect.objectContaining({ hint: expect.stringContaining('://HOST:PORT') }))
    expect(refusal).not.toThrowError(/secret/)
  })

  it.each([
    'tls://lab:3000',
    'ssl://lab:1',
    'telnets://lab',
    'rfc2217s://lab:3000',
    'ssh://lab',
    'https://lab'
  ])('refuses %s by the name of its scheme', (text) => {
    expect(() => readNetworkAddress(text)).toThrowError(
      expect.objectContaining({
        code: 'input.unsupported',
        message: expect.stringContaining(text.slice(0, text.indexOf(':')))
      })
    )
  })
})
