import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { chromiumFile, openBrowser } from '../e2e/support/browser'

/** LiteRT, the runtime of TFLite files, as the npm package @litertjs/core in a headless Chromium. */
export interface LiteRt {
  readonly version: string
  /** The first output of a file for one input; @throws Error where LiteRT refuses the file or cannot run it. */
  run(file: Uint8Array, input: Float32Array): Promise<{ dims: number[]; values: number[] }>
  close(): Promise<void>
}

const packages = path.resolve('node_modules/@litertjs')
/** No request leaves the machine: every address below it is a file of the package. */
const origin = 'https://litert.invalid'
const page = `<!doctype html><script type="importmap">
{"imports": {"@litertjs/wasm-utils": "${origin}/wasm-utils/dist/index.js"}}
</script>`

/** Opens LiteRT; returns in its place why there is none. */
export async function openLiteRt(): Promise<LiteRt | string> {
  if (!existsSync(path.join(packages, 'core/package.json')))
    return 'the npm package @litertjs/core is not installed'
  if (chromiumFile === null) return 'no Chromium was found'
  const about = await readFile(path.join(packages, 'core/package.json'), 'utf8')
  const { version } = JSON.parse(about) as { version: string }
  const browser = await openBrowser()
  const tab = await browser.context.newPage()
  await tab.route(`${origin}/**`, async (route) => {
    const { pathname } = new URL(route.request().url())
    if (pathname === '/') return route.fulfill({ contentType: 'text/html', body: page })
    const types: Record<string, string> = { '.js': 'text/javascript', '.wasm': 'application/wasm' }
    const contentType = types[path.extname(pathname)] ?? 'text/plain'
    return route.fulfill({ contentType, body: await readFile(path.join(packages, pathname)) })
  })
  await tab.goto(`${origin}/`)
  await tab.addScriptTag({
    type: 'module',
    content: `import * as litert from '${origin}/core/dist/index.js'
      await litert.loadLiteRt('${origin}/core/wasm/')
      globalThis.litert = litert`
  })
  await tab.waitForFunction('globalThis.litert !== undefined')
  return {
    version,
    async run(file, input) {
      const call = { file: [...file], input: [...input] }
      // A string, for the page's own types are not those of this program.
      return tab.evaluate<{ dims: number[]; values: number[] }>(
        `(${runInPage.toString()})(${JSON.stringify(call)})`
      )
    },
    close: () => browser.close()
  }
}

interface PageTensor {
  readonly type: { readonly layout: { readonly dimensions: ArrayLike<number> } }
  toTypedArray(): ArrayLike<number | bigint>
  delete(): void
}
interface PageLiteRt {
  loadAndCompile(
    file: Uint8Array,
    options: { accelerator: string }
  ): Promise<{
    getInputDetails(): readonly { shape: ArrayLike<number> }[]
    run(inputs: PageTensor[]): Promise<PageTensor[]>
    delete(): void
  }>
  Tensor: new (data: ArrayLike<number>, dims: number[]) => PageTensor
}

/** Runs in the page, by its source alone: it may name nothing of this file. */
async function runInPage(call: {
  file: number[]
  input: number[]
}): Promise<{ dims: number[]; values: number[] }> {
  const { litert } = globalThis as unknown as { litert: PageLiteRt }
  const model = await litert.loadAndCompile(Uint8Array.from(call.file), { accelerator: 'wasm' })
  try {
    const dims = Array.from(model.getInputDetails()[0]!.shape)
    const input = new litert.Tensor(Float32Array.from(call.input), dims)
    const outputs = await model.run([input])
    const [output] = outputs
    const values = Array.from(output!.toTypedArray(), Number)
    const found = Array.from(output!.type.layout.dimensions)
    for (const tensor of [input, ...outputs]) tensor.delete()
    return { dims: found, values }
  } finally {
    model.delete()
  }
}
