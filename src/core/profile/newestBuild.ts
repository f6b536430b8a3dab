/** What decides which firmware a measurement is of. */
export interface BuiltSample {
  kernel: string
  /** Null where the build is not known, as on imported rows. */
  buildId: number | null
  measuredAtMs: number
}

/**
 * Samples of each kernel's newest firmware, in their order. An older firmware has other kernels; its times say nothing
 * about the present.
 */
export function ofNewestBuild<S extends BuiltSample>(samples: readonly S[]): S[] {
  const newest = new Map<string, S>()
  for (const sample of samples) {
    const known = newest.get(sample.kernel)
    if (known === undefined || sample.measuredAtMs >= known.measuredAtMs) newest.set(sample.kernel, sample)
  }
  return samples.filter(({ kernel, buildId }) => newest.get(kernel)?.buildId === buildId)
}
