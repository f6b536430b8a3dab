/** Runs `work` with NODE_ENV=production unless it is set, and takes it away again: what follows (vitest, for one) would take itself for production. */
export async function asProduction(work) {
  const isSet = process.env.NODE_ENV !== undefined
  try {
    process.env.NODE_ENV ??= 'production'
    return await work()
  } finally {
    if (!isSet) delete process.env.NODE_ENV
  }
}
