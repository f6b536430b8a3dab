import { expect, it } from 'vitest'
import { asciiBytes } from '@core/binary/bytes'
import { detectBootLoader } from '@core/board/loaders/detect'

/** How long the search listens, ms, until it sends what ends a transfer to a board that replies once to Enter and is silent then. */
function listenedMs(reply: string): number {
  const looking = detectBootLoader()
  let [ms, isReplied] = [0, false]
  for (let next = looking.next(new Uint8Array(0)); next.done !== true;) {
    const step = next.value
    if (step.kind === 'send' && step.bytes.includes(0x03)) return ms
    const bytes = step.kind === 'receive' && !isReplied ? asciiBytes(reply) : new Uint8Array(0)
    if (bytes.length > 0) isReplied = true
    else if (step.kind === 'receive') ms += step.timeoutMs
    next = looking.next(bytes)
  }
  return Infinity
}

it.each([
  ['a NAK of Kermit', '\x01#GNZ\r'],
  ['a NAK of Kermit behind the end of an ACK', '\r\x01#GNZ\r'],
  ['a NAK of Kermit behind the rest of an ACK', 'GYB\r\x01#GNZ\r'],
  ['two NAKs of Kermit', '\x01#GNZ\r\x01#GNZ\r'],
  ['C behind an ACK', '\x06C'],
  ['NAKs', '\x15\x15']
])('a transfer that broke off is ended at once where the reply is %s', (_, reply) => {
  expect(listenedMs(reply)).toBeLessThanOrEqual(1_500)
})

it.each([
  ['the end of an ACK of Kermit', '\r'],
  ['the rest of an ACK of Kermit', 'GYB\r'],
  ['the ends of two ACKs of Kermit', '\r\r'],
  ['an ACK', '\x06']
])(
  'a transfer that broke off is ended like that of a silent board where all that comes is %s',
  (_, reply) => {
    expect(listenedMs(reply)).toBe(9_000)
  }
)

it('a program that prints something else gets no Ctrl-C', () => {
  expect(() => listenedMs('Hello, C\r\n')).toThrow('boot loader')
})
