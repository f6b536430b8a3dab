import { describe, expect, it } from 'vitest'
import { readValue, writeValue } from '@core/worker/valueJson'

const bytes = {
  encode: (value: Uint8Array): string => [...value].join(' '),
  decode: (text: string): Uint8Array => Uint8Array.from(text === '' ? [] : text.split(' ').map(Number))
}
const write = (value: unknown): string => writeValue(value, bytes)
const read = (text: string): unknown => readValue(text, bytes)

describe('values as text', () => {
  it('writes keys in order, so that equal values give equal texts', () => {
    expect(write({ b: 1, a: { d: null, c: 'x' } })).toBe('{"a":{"c":"x","d":null},"b":1}')
    expect(write({ a: 1, b: undefined })).toBe(write({ a: 1 }))
  })

  it.each([NaN, Infinity, -Infinity, -0, 0, 1 / 3, 5e-324, 2 ** 53 + 2, 'ü\n"$number"', '', null, true])(
    'gives %s back',
    (value) =>
      expect(
        Object.is(read(write({ value: [value] })), undefined) ? 0 : (read(write([value])) as unknown[])[0]
      ).toBe(value)
  )

  it('gives bytes back, also none', () => {
    expect(read(write({ right: new Uint8Array([1, 0, 255]), none: new Uint8Array(0) }))).toEqual({
      right: new Uint8Array([1, 0, 255]),
      none: new Uint8Array(0)
    })
  })

  it('refuses what would not come back as it was', () => {
    for (const value of [
      new Date(0),
      new Map(),
      1n,
      () => 1,
      Symbol('x'),
      new Float32Array(1),
      { $number: 'NaN' },
      undefined
    ])
      expect(() => write(value)).toThrow(TypeError)
  })

  it('refuses texts that it did not write', () => {
    for (const text of ['', '{', '{"$number":"12"}', 'undefined'])
      expect(() => read(text)).toThrowError(expect.objectContaining({ code: 'queue.invalid' }))
  })
})
