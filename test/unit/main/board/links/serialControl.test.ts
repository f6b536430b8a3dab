import { describe, expect, it } from 'vitest'
import { createSerialControl } from '@main/board/links/network/serialControl'
import type { TelnetConsole } from '@main/board/links/network/telnetConsole'

/** A server of RFC 2217 that sets what it is sent, or keeps the parity at none. */
function controlOf(takesParity: boolean) {
  const set: string[] = []
  const request: TelnetConsole['request'] = async (command, value) => {
    set.push(`${command} ${value}`)
    return command === 'parity' && !takesParity ? 1 : value
  }
  return { set, control: createSerialControl({ request } as TelnetConsole, 'rfc2217://host:1') }
}

describe('the parity of a line behind an RFC 2217 server', () => {
  it('is none at first, even when a loader wants it, and none again', async () => {
    const { set, control } = controlOf(true)
    await control.prepare(115_200)
    await control.setParity('even')
    await control.setParity('none')
    expect(set.filter((line) => line.startsWith('parity'))).toEqual(['parity 1', 'parity 3', 'parity 1'])
  })

  it('that the server does not take is an error', async () => {
    const { control } = controlOf(false)
    await expect(control.setParity('even')).rejects.toMatchObject({
      code: 'board.refused',
      message: expect.stringContaining('does not take even parity')
    })
  })
})
