/** Facts of a GPU's data sheet that samples measured on it do not show. */
export interface DeviceFacts {
  /** Streaming multiprocessors: a matrix product is cut into tiles that run in waves of this many. */
  multiprocessors: number
  /** Peak rate of the device's memory, GB/s. */
  memoryGbPerSecond: number
  /** Which of the boards sold under this name is meant where the name does not say; null where there is one. */
  assumed: string | null
}

/**
 * NVIDIA GPUs by a part of their names, as CUDA gives them too. Keys are matched inside a device's name, the longest first.
 * Rates of memory are peaks of NVIDIA's data sheets. Looked up on 1 December 2026: A100 40 GB 1,555, 80 GB 2,039 (SXM) and 1,935 GB/s
 * (PCIe), data sheet 1758950 r4; H100 3.35 TB/s (SXM5), 3.9 (NVL) and over 2,000 GB/s (PCIe, brief PB-11133-001); A40 696, L40 and L40S
 * 864, L4 300 GB/s; H200 4.8, B200 8 TB/s. The others were not looked up again.
 */
const devices: Readonly<Record<string, DeviceFacts>> = {
  'h100 pcie': facts(114, 2000),
  'h100 nvl': facts(132, 3900),
  'h100 80gb hbm3': facts(132, 3350),
  'h100 sxm5': facts(132, 3350),
  h100: facts(132, 3350, 'the SXM5 module'),
  h200: facts(132, 4800),
  'gh200 144g hbm3e': facts(132, 4900),
  gh200: facts(132, 4000, 'the module with 96 GB of HBM3'),
  'h800 pcie': facts(114, 2000),
  h800: facts(132, 3350, 'the SXM5 module'),
  h20: facts(78, 4000),
  b200: facts(148, 8000),
  ...ampere('a100'),
  ...ampere('a800'),
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

/** The A100 and, with a slower link alone, the A800 as their boards are named. */
function ampere(name: string): Record<string, DeviceFacts> {
  const [hbm2, hbm2e, onCard] = [facts(108, 1555), facts(108, 2039), facts(108, 1935)]
  return {
    [`${name} 40gb`]: hbm2,
    [`${name} sxm4 40gb`]: hbm2,
    [`${name} pcie 40gb`]: hbm2,
    [`${name} 80gb pcie`]: onCard,
    [`${name} pcie 80gb`]: onCard,
    [`${name} sxm4 80gb`]: hbm2e,
    [`${name} pcie`]: facts(108, 1935, 'the card with 80 GB'),
    [name]: facts(108, 2039, 'the SXM4 module with 80 GB')
  }
}

function facts(
  multiprocessors: number,
  memoryGbPerSecond: number,
  assumed: string | null = null
): DeviceFacts {
  return { multiprocessors, memoryGbPerSecond, assumed }
}

/** What makes, behind a known name, another GPU of it or a part of one. */
const otherGpu = /^(ti|super|d|laptop|mobile|max) |^(.* )?mig /

/** Names of the devices that `deviceFactsOf` knows, upper case, in alphabetical order. */
export const knownDevices: readonly string[] = Object.keys(devices)
  .map((name) => name.toUpperCase())
  .sort()

/** Facts of the GPU named in `text` (a device or file name); null for an unknown one, and for a part of one (MIG). */
export function deviceFactsOf(text: string): DeviceFacts | null {
  const plain = ` ${text.toLowerCase().replace(/[^a-z0-9]+/g, ' ')} `
  const names = Object.keys(devices).sort((a, b) => b.length - a.length)
  const found = names.find((name) => plain.includes(` ${name} `))
  if (found === undefined) return null
  const behind = plain.slice(plain.indexOf(` ${found} `) + found.length + 2)
  return otherGpu.test(behind) ? null : devices[found]
}
