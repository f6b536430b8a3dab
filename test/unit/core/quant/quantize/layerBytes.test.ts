import { describe, expect, it } from 'vitest'
import { runLayerBytes, runLayerPlain } from '@core/quant/quantize/fitEngine'
import { everyOperator } from '../../deploy/randomNetwork'

describe('a layer from bytes to bytes', () => {
  it('gives the codes of the reference plus 128, and leaves inputs that share their memory as they were', () => {
    const { network, builder } = everyOperator(11)
    const layer = network.layers[0]!
    const codes = builder.images(2)
    const bytes = Uint8Array.from(codes, (code) => code + 128)
    // What files are read into: a view of a larger buffer, whose slice() copies nothing.
    const pool = Buffer.alloc(bytes.length + 8, 77)
    pool.set(bytes, 4)
    const found = runLayerBytes(layer, [pool.subarray(4, 4 + bytes.length)], 2)
    expect(Array.from(found, (byte) => byte - 128)).toEqual([...runLayerPlain(layer, [codes], 2)])
    expect([...pool]).toEqual([77, 77, 77, 77, ...bytes, 77, 77, 77, 77])
  })
})
