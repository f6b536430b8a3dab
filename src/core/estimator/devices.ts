/**
 * Streaming multiprocessors of NVIDIA GPUs (vendor data sheets): a matrix product is cut into tiles that run in waves
 * of this many. Keys are matched inside a device's name, the longest first.
 */
const multiprocessors: Readonly<Record<string, number>> = {
  'h100 pcie': 114,
  h100: 132,
  h200: 132,
  gh200: 132,
  h800: 132,
  h20: 78,
  b200: 148,
  a100: 108,
  a800: 108,
  a40: 84,
  a30: 56,
  a10g: 80,
  a10: 72,
  a6000: 84,
  l40s: 142,
  l40: 142,
  l4: 58,
  v100: 80,
  t4: 40,
  'rtx 4090': 128,
  'rtx 3090': 82
}

/** Names of the devices that `multiprocessorsOf` knows, upper case, in alphabetical order. */
export const knownDevices: readonly string[] = Object.keys(multiprocessors)
  .map((name) => name.toUpperCase())
  .sort()

/** Multiprocessors of the GPU named in `text` (a device or file name); null for an unknown one. */
export function multiprocessorsOf(text: string): number | null {
  const plain = ` ${text.toLowerCase().replace(/[^a-z0-9]+/g, ' ')} `
  const names = Object.keys(multiprocessors).sort((a, b) => b.length - a.length)
  const found = names.find((name) => plain.includes(` ${name} `))
  return found === undefined ? null : multiprocessors[found]
}
