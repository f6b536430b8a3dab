import type { Gpu } from '../../shared/contract/gpu'
import { AppError } from '../../shared/errors'

/**
 * A PCI bus id in one spelling: nvidia-smi prints "00000000:0B:00.0", CUDA "0000:0b:00.0" (domain of 4 or 8 digits).
 *
 * @returns null when the text is no bus id
 */
export function normalPciBusId(text: string): string | null {
  const match = /^(?:([0-9a-f]{1,8}):)?([0-9a-f]{1,2}):([0-9a-f]{1,2})(?:\.([0-9a-f]))?$/i.exec(text.trim())
  if (match === null) return null
  const [, domain, bus, device, part] = match
  const hex = (digits: string, width: number): string =>
    parseInt(digits, 16).toString(16).padStart(width, '0')
  return `${hex(domain ?? '0', 8)}:${hex(bus, 2)}:${hex(device, 2)}.${hex(part ?? '0', 1)}`
}

/** The GPU at a PCI bus id in any spelling; undefined when there is none. */
export function gpuAtPciBusId<T extends Pick<Gpu, 'pciBusId'>>(
  gpus: readonly T[],
  pciBusId: string
): T | undefined {
  const wanted = normalPciBusId(pciBusId)
  if (wanted === null) return undefined
  return gpus.find((gpu) => gpu.pciBusId !== null && normalPciBusId(gpu.pciBusId) === wanted)
}

/**
 * The GPU that a CUDA program sees as device `cudaIndex`. CUDA numbers the fastest GPU first unless CUDA_DEVICE_ORDER
 * is PCI_BUS_ID, and CUDA_VISIBLE_DEVICES chooses and reorders; nvidia-smi numbers by PCI bus id always.
 *
 * A MIG slice that CUDA_VISIBLE_DEVICES names is the card that it lies on.
 *
 * Source: CUDA C++ Programming Guide, "CUDA Environment Variables": behind an entry that is no device none is visible ("0,2,-1,1").
 *
 * @throws input.notFound when no such device is visible; input.invalid when the order cannot be known from here
 */
export function gpuOfCudaIndex<T extends CudaGpu>(
  gpus: readonly T[],
  cudaIndex: number,
  env: Readonly<Record<string, string | undefined>>
): T {
  const byBus = [...gpus].sort((a, b) => (busKey(a) < busKey(b) ? -1 : 1))
  const visible = env['CUDA_VISIBLE_DEVICES']
  const entries =
    visible === undefined ? byBus.map((_, at) => String(at)) : visible.split(',').map((e) => e.trim())
  const entry = entries[cudaIndex]
  const isHidden = entries.slice(0, cudaIndex).some((before) => !isDevice(gpus, before))
  if (entry === undefined || entry === '' || entry === '-1' || isHidden) {
    throw new AppError(
      'input.notFound',
      `CUDA sees no device ${cudaIndex}${visible === undefined ? '' : ` with CUDA_VISIBLE_DEVICES="${visible}"`}.`,
      'Choose a device that is visible, or change CUDA_VISIBLE_DEVICES.'
    )
  }
  if (uuidEntry.test(entry)) return byUuid(gpus, entry)
  const isOrdered =
    env['CUDA_DEVICE_ORDER'] === 'PCI_BUS_ID' || new Set(gpus.map((gpu) => gpu.name)).size === 1
  if (!isOrdered) {
    throw new AppError(
      'input.invalid',
      `Which GPU is CUDA device ${cudaIndex} cannot be determined: CUDA numbers the fastest first, and the GPUs differ.`,
      'Set CUDA_DEVICE_ORDER=PCI_BUS_ID, or name the GPU by its UUID in CUDA_VISIBLE_DEVICES.'
    )
  }
  const found = byBus[Number(entry)]
  if (found === undefined) {
    throw new AppError('input.notFound', `There is no GPU ${entry}.`, 'Run bitbench gpu list.')
  }
  return found
}

/** What is known of a GPU that CUDA numbers. */
type CudaGpu = Pick<Gpu, 'index' | 'name' | 'uuid' | 'pciBusId'> & Partial<Pick<Gpu, 'migDevices'>>

const uuidEntry = /^(GPU|MIG)-/i

/** The GPUs whose UUID, or that of a slice of theirs, begins like this, once for each: CUDA takes any unambiguous beginning. */
function matchesOf<T extends CudaGpu>(gpus: readonly T[], entry: string): T[] {
  return gpus.flatMap((gpu) =>
    [gpu.uuid, ...(gpu.migDevices ?? []).map(({ uuid }) => uuid)]
      .filter((uuid) => uuid?.toLowerCase().startsWith(entry.toLowerCase()) === true)
      .map(() => gpu)
  )
}

function isDevice(gpus: readonly CudaGpu[], entry: string): boolean {
  if (uuidEntry.test(entry)) return matchesOf(gpus, entry).length === 1
  return /^\d+$/.test(entry) && Number(entry) < gpus.length
}

function byUuid<T extends CudaGpu>(gpus: readonly T[], entry: string): T {
  const matches = matchesOf(gpus, entry)
  if (matches.length === 1) return matches[0]
  throw new AppError(
    'input.notFound',
    matches.length === 0 ? `No GPU has the UUID ${entry}.` : `${entry} is the beginning of several UUIDs.`,
    'Run nvidia-smi -L for the UUIDs of cards and of their MIG slices.'
  )
}

function busKey(gpu: Pick<Gpu, 'index' | 'pciBusId'>): string {
  return (
    (gpu.pciBusId === null ? null : normalPciBusId(gpu.pciBusId)) ?? `z${String(gpu.index).padStart(4, '0')}`
  )
}
