/** What a data sheet says of a GPU that its rows do not show. */
export interface DeviceFacts {
  /** Streaming multiprocessors: a matrix product is cut into tiles that run in waves of this many. */
  multiprocessors: number
  /** Peak rate of the device's memory, GB/s. */
  memoryGbPerSecond: number
}

/**
 * NVIDIA GPUs by a part of their names (vendor data sheets; SXM modules unless named, the A100 with 80 GB). Keys are
 * matched inside a device's name, the longest first.
 */
const devices: Readonly<Record<string, DeviceFacts>> = {
  'h100 pcie': facts(114, 2000),
  h100: facts(132, 3350),
  h200: facts(132, 4800),
  gh200: facts(132, 4000),
  h800: facts(132, 3350),
  h20: facts(78, 4000),
  b200: facts(148, 8000),
  a100: facts(108, 2039),
  a800: facts(108, 2039),
  a40: facts(84, 696),
  a30: facts(56, 933),
  a10g: facts(80, 600),
  a10: facts(72, 600),
  a6000: facts(84, 768),
  l40s: facts(142, 864),
  l40: facts(142, 864),
  l4: facts(58, 300),
  v100: facts(80, 900),
  t4: facts(40, 320),
  'rtx 4090': facts(128, 1008),
  'rtx 3090': facts(82, 936)
}

function facts(multiprocessors: number, memoryGbPerSecond: number): DeviceFacts {
  return { multiprocessors, memoryGbPerSecond }
}

/** Names of the devices that `deviceFactsOf` knows, upper case, in alphabetical order. */
export const knownDevices: readonly string[] = Object.keys(devices)
  .map((name) => name.toUpperCase())
  .sort()

/** Facts of the GPU named in `text` (a device or file name); null for an unknown one. */
export function deviceFactsOf(text: string): DeviceFacts | null {
  const plain = ` ${text.toLowerCase().replace(/[^a-z0-9]+/g, ' ')} `
  const names = Object.keys(devices).sort((a, b) => b.length - a.length)
  const found = names.find((name) => plain.includes(` ${name} `))
  return found === undefined ? null : devices[found]
}
