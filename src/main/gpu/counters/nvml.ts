import { AppError } from '../../../shared/errors'

/** NVML's energy counters. Calls run outside of the main thread: a busy driver may take its time. */
export interface Nvml {
  /** The library's path or name as it was loaded. */
  readonly source: string
  /**
   * Finds the energy counter of a GPU. Read once here, so that a GPU without one (before Volta) is reported at the start.
   *
   * @returns a function that reads the energy in J since the driver was loaded
   * @throws tool.failed in NVML's words
   */
  energyCounter(gpu: { pciBusId: string | null; uuid: string | null }): Promise<() => Promise<number>>
  close(): void
}

/** Where the driver puts it; found through the loader's search path. */
export const nvmlLibrary = process.platform === 'win32' ? 'nvml.dll' : 'libnvidia-ml.so.1'

type Call = (...args: unknown[]) => unknown
type AsyncCall = Call & { async: (...args: unknown[]) => void }

/**
 * Loads NVML and initialises it.
 *
 * Source: NVML API reference (nvmlInit_v2, nvmlDeviceGetHandleByPciBusId_v2, nvmlDeviceGetTotalEnergyConsumption: mJ).
 *
 * @param library path or name of the shared library
 * @throws tool.missing when it cannot be loaded, tool.failed when it does not initialise
 */
export async function openNvml(library: string = nvmlLibrary): Promise<Nvml> {
  const functions = await loadFunctions(library)
  const { init, shutdown, byPciBusId, byUuid, totalEnergy, errorString } = functions
  const check = (code: unknown, what: string): void => {
    if (code === 0) return
    throw new AppError(
      'tool.failed',
      `NVML ${what} failed: ${String(errorString(code))} (${String(code)}).`,
      'Run nvidia-smi in a terminal; the energy counter needs Volta or later. Power is recorded without it.'
    )
  }
  check(init(), 'initialisation')
  const read = (device: unknown): Promise<number> =>
    new Promise((resolve, reject) => {
      const out: (number | bigint)[] = [0]
      totalEnergy.async(device, out, (cause: unknown, code: unknown) => {
        try {
          if (cause) throw AppError.from(cause)
          check(code, 'energy counter')
          resolve(Number(out[0]) / 1000)
        } catch (reason) {
          reject(AppError.from(reason))
        }
      })
    })
  return {
    source: library,
    async energyCounter({ pciBusId, uuid }) {
      const device: unknown[] = [null]
      if (pciBusId !== null) check(byPciBusId(pciBusId, device), `look-up of the GPU at ${pciBusId}`)
      else if (uuid !== null) check(byUuid(uuid, device), `look-up of ${uuid}`)
      else
        throw new AppError(
          'tool.failed',
          'The GPU reports neither PCI bus id nor UUID.',
          'Update the driver.'
        )
      await read(device[0])
      return () => read(device[0])
    },
    close: () => void shutdown()
  }
}

async function loadFunctions(library: string) {
  try {
    const { default: koffi } = await import('koffi')
    const loaded = koffi.load(library)
    return {
      init: loaded.func('int nvmlInit_v2()') as Call,
      shutdown: loaded.func('int nvmlShutdown()') as Call,
      byPciBusId: loaded.func(
        'int nvmlDeviceGetHandleByPciBusId_v2(const char *id, _Out_ void **device)'
      ) as Call,
      byUuid: loaded.func('int nvmlDeviceGetHandleByUUID(const char *uuid, _Out_ void **device)') as Call,
      totalEnergy: loaded.func(
        'int nvmlDeviceGetTotalEnergyConsumption(void *device, _Out_ uint64_t *millijoules)'
      ) as unknown as AsyncCall,
      errorString: loaded.func('const char *nvmlErrorString(int code)') as Call
    }
  } catch (cause) {
    throw new AppError(
      'tool.missing',
      `NVML (${library}) could not be loaded: ${cause instanceof Error ? cause.message : String(cause)}`,
      'It comes with the NVIDIA driver. Power is recorded without it; the energy counter is then unavailable.',
      { cause }
    )
  }
}
