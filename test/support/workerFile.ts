import { existsSync } from 'node:fs'
import { bundleTs } from '../../scripts/runTs.mjs'

/** Bundles a worker entry so that a test can start it without a build of the whole app. Ends in build/runTs. */
export async function bundleWorker(entry: string): Promise<string> {
  if (!existsSync(entry)) throw new Error(`There is no ${entry}`)
  return (await bundleTs(entry)) as string
}
