import { describe, expect, it } from 'vitest'
import { comPortRequest, readComPortReply } from '@core/board/network/comPort'
import { foreignProtocol, saidText } from '@core/board/network/firstWords'
import { TelnetCodec } from '@core/board/network/telnet'

const [IAC, DONT, DO, WONT, WILL, SB, SE] = [255, 254, 253, 252, 251, 250, 240]
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

describe('telnet', () => {
  it('offers and asks once, and confirmations end it', () => {
    const codec = new TelnetCodec([0, 44], [0, 1])
    expect([...codec.start()]).toEqual([IAC, WILL, 0, IAC, WILL, 44, IAC, DO, 0])
    const { reply, data } = codec.receive(bytes(IAC, DO, 0, IAC, DO, 44, IAC, WILL, 0, IAC, WILL, 0))
    expect([...reply, ...data]).toEqual([])
    expect([codec.localState(0), codec.localState(44), codec.remoteState(0)]).toEqual(['on', 'on', 'on'])
  })

  it('takes up what it knows, refuses the rest, and confirms an end once', () => {
    const codec = new TelnetCodec([0], [0, 1])
    expect([...codec.receive(bytes(IAC, WILL, 1, IAC, DO, 1, IAC, WILL, 34, IAC, DO, 24)).reply]).toEqual([
      ...[IAC, DO, 1, IAC, WONT, 1],
      ...[IAC, DONT, 34, IAC, WONT, 24]
    ])
    expect([...codec.receive(bytes(IAC, WONT, 1, IAC, WONT, 1)).reply]).toEqual([IAC, DONT, 1])
  })

  it('marks what was asked for and refused', () => {
    const codec = new TelnetCodec([44], [])
    codec.start()
    expect(codec.localState(44)).toBe('wanted')
    expect([...codec.receive(bytes(IAC, DONT, 44)).reply]).toEqual([])
    expect(codec.localState(44)).toBe('refused')
  })

  it('doubles 255 and pads a lone carriage return until the direction is binary', () => {
    const codec = new TelnetCodec([0], [0])
    expect([...codec.encode(bytes(1, 255, 13, 10, 13, 65, 13))]).toEqual([
      ...[1, 255, 255, 13, 10, 13, 0, 65, 13, 0]
    ])
    codec.receive(bytes(IAC, DO, 0))
    expect([...codec.encode(bytes(255, 13, 65, 13))]).toEqual([255, 255, 13, 65, 13])
  })

  it('reads the same however the bytes are cut', () => {
    const stream = bytes(
      ...[65, IAC, IAC, 13, 0, 66, IAC, 241, IAC, WILL, 0, 13, 0],
      ...[IAC, SB, 44, 101, 0, IAC, IAC, 1, IAC, SE, 67]
    )
    const whole = new TelnetCodec([], [0]).receive(stream)
    // The padding is dropped before binary was agreed, and kept after it.
    expect([...whole.data]).toEqual([65, 255, 13, 66, 13, 0, 67])
    expect(whole.subnegotiations).toEqual([{ option: 44, bytes: bytes(101, 0, 255, 1) }])
    const codec = new TelnetCodec([], [0])
    const pieces = [...stream].map((byte) => codec.receive(bytes(byte)))
    expect(pieces.flatMap(({ data }) => [...data])).toEqual([...whole.data])
    expect(pieces.flatMap(({ reply }) => [...reply])).toEqual([IAC, DO, 0])
    expect(pieces.flatMap(({ subnegotiations }) => subnegotiations)).toEqual(whole.subnegotiations)
  })

  it('keeps no subnegotiation that never ends', () => {
    const codec = new TelnetCodec([], [])
    codec.receive(bytes(IAC, SB, 44))
    for (let round = 0; round < 100; round++) codec.receive(new Uint8Array(10_000).fill(7))
    const { subnegotiations } = codec.receive(bytes(IAC, SE))
    expect(subnegotiations[0]!.bytes.length).toBeLessThan(1_025)
  })

  it('escapes 255 inside a subnegotiation', () => {
    const codec = new TelnetCodec([], [])
    expect([...codec.subnegotiate(44, comPortRequest('baudRate', 0x00ff_c200))]).toEqual([
      ...[IAC, SB, 44, 1, 0, 255, 255, 0xc2, 0, IAC, SE]
    ])
  })
})

describe('RFC 2217', () => {
  it('writes 115200 baud and reads the reply', () => {
    expect(comPortRequest('baudRate', 115_200)).toEqual([1, 0x00, 0x01, 0xc2, 0x00])
    expect(comPortRequest('control', 8)).toEqual([5, 8])
    expect(readComPortReply(bytes(101, 0, 1, 0xc2, 0))).toEqual({ command: 'baudRate', value: 115_200 })
    expect(readComPortReply(bytes(101, 0xff, 0xff, 0xff, 0xff))!.value).toBe(4_294_967_295)
    expect(readComPortReply(bytes(108))).toEqual({ command: 'suspend', value: 0 })
  })

  it('passes over states of line and modem, and over nothing at all', () => {
    for (const content of [bytes(106, 96), bytes(107, 0), bytes(100, 65), bytes()])
      expect(readComPortReply(content)).toBeNull()
  })
})

describe('the first bytes of a connection', () => {
  const text = (value: string): Uint8Array => Uint8Array.from(value, (letter) => letter.charCodeAt(0))

  it.each([
    ['HTTP/1.1 400 Bad Request\r\n', 'HTTP'],
    ['<html><body>', 'HTTP'],
    ['SSH-2.0-OpenSSH_9.2\r\n', 'SSH'],
    ['\u0015\u0003\u0003\u0000\u0002\u0002\u0046', 'TLS'],
    ['litex> ', null],
    ['', null]
  ])('%j is %s', (value, protocol) => {
    expect(foreignProtocol(text(value))).toBe(protocol)
  })

  it('are a sentence only when they are short text', () => {
    expect(saidText(text('Port already in use\r\n'))).toBe('Port already in use')
    expect(saidText(text('\u0000\u0001'))).toBeNull()
    expect(saidText(text('x'.repeat(201)))).toBeNull()
    expect(saidText(text(''))).toBeNull()
  })
})
