// Translates the unit tests and the sources that they load into modules below build/unit that Node loads as they are:
// translated once, not in each worker (what that saves: CONTRIBUTING.md).
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { build } from 'vite'
import { withNodeEnv } from './withNodeEnv.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const layers = ['shared', 'core', 'main', 'renderer']

/** Every test below test/unit, without its ending: as `test/unit/core/board/frame.test`. */
function unitTests() {
  return readdirSync(path.join(root, 'test/unit'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => path.join('test/unit', file.slice(0, -'.ts'.length)))
}

/** Modules find files beside themselves, which are beside the source and not beside what was made of it. */
const placeOfSource = {
  name: 'place-of-source',
  transform(code, id) {
    const file = id.split('?')[0]
    if (!code.includes('import.meta.') || file.includes('/node_modules/')) return null
    const places = { dirname: path.dirname(file), filename: file, url: pathToFileURL(file).href }
    const literal = (_whole, name) => JSON.stringify(places[name])
    return { code: code.replaceAll(/\bimport\.meta\.(dirname|filename|url)\b/g, literal), map: null }
  }
}

/** Packages and modules of Node are loaded as always; style sheets are no modules to Node. */
const isExternal = (id) =>
  !id.endsWith('.css') &&
  !/^[.\0]/.test(id) &&
  !path.isAbsolute(id) &&
  !layers.some((layer) => id.startsWith(`@${layer}/`))

/**
 * Writes a file per module, each at the place that it has in the repository.
 * @param tests files of tests, as unitTests lists them; outDir: from the repository's root; plugins: Vite's, more of them;
 *   sourcemap: whether errors name lines of the sources
 */
export async function bundleUnitTests({
  tests = unitTests(),
  outDir = 'build/unit',
  plugins = [],
  sourcemap = true
} = {}) {
  await withNodeEnv('development', () => translate(tests, outDir, plugins, sourcemap))
}

function translate(tests, outDir, plugins, sourcemap) {
  return build({
    root,
    configFile: false,
    logLevel: 'error',
    // Read when a test runs, not now.
    define: { 'process.env.NODE_ENV': 'process.env.NODE_ENV' },
    plugins: [...plugins, vue(), placeOfSource],
    resolve: {
      alias: Object.fromEntries(layers.map((layer) => [`@${layer}`, path.join(root, 'src', layer)]))
    },
    build: {
      outDir: path.join(root, outDir),
      target: 'node20',
      minify: false,
      sourcemap,
      modulePreload: false,
      copyPublicDir: false,
      reportCompressedSize: false,
      rolldownOptions: {
        input: Object.fromEntries(tests.map((file) => [file, path.join(root, `${file}.ts`)])),
        external: isExternal,
        preserveEntrySignatures: 'allow-extension',
        output: {
          format: 'es',
          preserveModules: true,
          preserveModulesRoot: root,
          entryFileNames: '[name].js'
        }
      }
    }
  })
}
