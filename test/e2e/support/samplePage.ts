import { existsSync } from 'node:fs'
import path from 'node:path'
import { createDispatcher } from '@main/hosts/dispatcher'
import { createEventBus } from '@main/hosts/eventBus'
import { serveWeb, type WebHost } from '@main/hosts/webHost'
import { commands } from '@shared/contract/index'
import { sampleHandlers, type SampleHandlers } from './sampleServices'

/** Every page, by its hash. */
export const pageIds = [
  'start',
  'boards',
  'profile',
  'proxy',
  'dataset',
  'model',
  'search',
  'deploy',
  'lm',
  'gpu',
  'workload',
  'estimator',
  'workers',
  'runs',
  'compare',
  'settings'
] as const

const pageFolder =
  process.env['BITBENCH_PAGE_FOLDER'] ?? path.resolve(import.meta.dirname, '../../../out/renderer')

/** Serves the built page over services that give sample data, and what is emitted on `events`. @throws when the page is not built */
export async function serveSamplePage(
  sample: SampleHandlers = sampleHandlers,
  events = createEventBus()
): Promise<WebHost> {
  if (!existsSync(path.join(pageFolder, 'index.html')))
    throw new Error(`${pageFolder} does not hold the built renderer (npm run build)`)
  const handlers = Object.fromEntries(
    Object.entries(sample).map(([name, handler]) => [
      name,
      async (input: never) => (handler as (input: never) => unknown)(input)
    ])
  )
  return await serveWeb({
    dispatch: createDispatcher(commands, handlers, () => undefined),
    events,
    pageFolder,
    tcpPort: 0
  })
}
