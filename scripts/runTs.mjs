// Runs a TypeScript entry that lives outside the app bundle (benchmarks, generators, one-off checks):
//   node scripts/runTs.mjs bench/sim.ts [arguments]
// The entry is bundled in memory with rolldown (it comes with vite), packages stay external, and the bundle is
// written below build/runTs, inside the repository, so that its bare imports resolve against our node_modules.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { rolldown } from 'rolldown'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

/** Bundles one TypeScript entry and returns the path of the module to import. */
export async function bundleTs(entry) {
  const bundle = await rolldown({
    input: path.resolve(entry),
    platform: 'node',
    resolve: {
      alias: Object.fromEntries(
        ['shared', 'core', 'main', 'renderer'].map((layer) => [`@${layer}`, path.join(root, 'src', layer)])
      )
    },
    external: (id) =>
      !id.startsWith('.') && !path.isAbsolute(id) && !/^@(shared|core|main|renderer)\//.test(id),
    logLevel: 'warn'
  })
  const { output } = await bundle.generate({ format: 'esm', sourcemap: 'inline', codeSplitting: false })
  await bundle.close()
  const folder = path.join(root, 'build', 'runTs')
  await mkdir(folder, { recursive: true })
  // One file per process: two benches may run at once.
  const file = path.join(folder, `${path.basename(entry, '.ts')}.${process.pid}.mjs`)
  await writeFile(file, output[0].code)
  return file
}

async function main() {
  const [entry, ...rest] = process.argv.slice(2)
  if (!entry) {
    console.error('usage: node scripts/runTs.mjs FILE.ts [arguments]')
    process.exit(2)
  }
  const file = await bundleTs(entry)
  process.argv = [process.argv[0], path.resolve(entry), ...rest]
  process.setSourceMapsEnabled(true)
  try {
    await import(pathToFileURL(file).href)
  } catch (error) {
    // An AppError: what happened and what to do now, without the stack. The bundle has a class of its own.
    if (typeof error?.hint !== 'string') throw error
    console.error(`${error.message} ${error.hint}`)
    process.exitCode = error.code === 'input.invalid' ? 2 : 1
  } finally {
    await rm(file, { force: true })
  }
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) await main()
