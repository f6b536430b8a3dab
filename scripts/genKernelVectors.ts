// Writes test/vectors/kernels.bin, the golden cases of the C kernels, from the TypeScript integer reference:
//   node scripts/runTs.mjs scripts/genKernelVectors.ts
import { writeFileSync } from 'node:fs'
import { kernelVectorBytes } from '../test/integration/kernels/kernelVectors'

const bytes = kernelVectorBytes()
writeFileSync('test/vectors/kernels.bin', bytes)
console.error(`test/vectors/kernels.bin: ${bytes.length} bytes`)
