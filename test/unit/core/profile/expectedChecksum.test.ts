import { expect, it } from 'vitest'
import { expectedChecksum } from '@core/profile/expectedChecksum'
import type { BenchItem } from '@core/kernel/shape'

/**
 * Checksums that the monitor's `bench` (C, resources/firmware/build/monitor.elf) reports on the simulated core "high" for seed 7,
 * at w8a8, w2a4 and w1a1.
 */
const ofMonitor: readonly [kernel: string, dims: number[], checksums: [number, number, number]][] = [
  ['matmul', [3, 4, 5], [0x1e299465, 0x649b5117, 0x531349a9]],
  ['conv2d', [5, 4, 3, 2, 3, 2, 1], [0xf7b9656f, 0xf31f4281, 0x16409cf5]],
  ['depthwiseConv2d', [5, 4, 3, 3, 1, 1], [0x3c3fb49e, 0x97457079, 0x466958ae]],
  ['maxPool', [5, 4, 3, 2, 2], [0xab967bfb, 0x2e389440, 0x92c4d707]],
  ['avgPool', [5, 7, 2, 3, 2], [0x686e081e, 0x45622831, 0xbb99ff8a]],
  ['add', [37], [0x85167a21, 0x60a91dec, 0x7c9ac82b]],
  ['requantize', [7, 5], [0x753a55b3, 0xf0b71883, 0xcd2dbf19]],
  ['flatten', [33], [0x3be1dfbb, 0x53a8d660, 0xe611d6ce]],
  ['argmax', [29], [0x169a2f2e, 0x169a2f2e, 0x169a2f2e]],
  ['product', [3, 4, 5], [0x5be2d2f5, 0xf6ab6e0a, 0xbb99ff8a]],
  ['softmax', [3, 7], [0xaff14b39, 0x97dff5bc, 0xbab4e34b]],
  ['layerNorm', [3, 9], [0xeb662d3b, 0x92670894, 0x892ea64c]],
  ['rmsNorm', [2, 8], [0x89d11b52, 0x16e20664, 0x3fb3c61a]],
  ['table', [41], [0x9d440b77, 0xe7d0c9f3, 0x9a9f538a]],
  ['gather', [43], [0x92e3c6ae, 0xbefcca11, 0x3d4fa2b3]],
  ['rope', [2, 5], [0xc456a7c8, 0x4659e700, 0xff2b229d]],
  ['rnn', [3, 5], [0xc1de53e3, 0x459942f8, 0xc7a0f194]],
  ['lstm', [3, 4], [0xb8798188, 0x7bd5c66f, 0xbb99ff8a]],
  ['gru', [2, 5], [0x347ce7c9, 0xfa5277f6, 0x0fe4b35c]],
  ['gruAfter', [3, 3], [0x5ee57d36, 0x89d77f4e, 0xeb201890]]
]

it.each(ofMonitor)('the host computes for %s of %j what the monitor in C does', (kernel, dims, checksums) => {
  const pairs = [
    [8, 8],
    [4, 2],
    [1, 1]
  ] as const
  const own = pairs.map(([activationBits, weightBits]) =>
    expectedChecksum({ kernel, dims, activationBits, weightBits } as BenchItem, 7)
  )
  expect(own.map((sum) => sum >>> 0)).toEqual(checksums)
})
