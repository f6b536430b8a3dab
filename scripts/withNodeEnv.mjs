/** Runs `work` with this NODE_ENV unless one is set, and takes it away again: what follows a build (vitest, for one) would go by it. */
export async function withNodeEnv(name, work) {
  const isSet = process.env.NODE_ENV !== undefined
  try {
    process.env.NODE_ENV ??= name
    return await work()
  } finally {
    if (!isSet) delete process.env.NODE_ENV
  }
}
