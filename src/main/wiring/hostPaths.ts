import type { CommandName } from '../../shared/contract'
import { hostPath } from '../file/homePath'

const lmFilePaths = ['files.model', 'files.tokenizer', 'files.calibration', 'files.text']

/**
 * Where commands name files on this machine: fields of their input, `*` for every element of a list. What a person typed
 * there is read as a person means it (`~`, file:// addresses) before any service sees it.
 */
export const pathFields: Readonly<Partial<Record<CommandName, readonly string[]>>> = {
  'app.saveSettings': ['nvidiaSmiPath'],
  'board.bitstream': ['file.path', 'then.file.path'],
  'board.boot': ['description.path'],
  'board.debugLoad': ['file.path'],
  'board.describe': ['file.path'],
  'board.load': ['file.path'],
  'board.sendFile': ['file.path'],
  'dataset.add': ['path'],
  'deploy.export': ['folder'],
  'deploy.flash': ['file'],
  'deploy.outputs': ['file', 'inputs.*.file'],
  'estimator.collect': ['runner.model', 'runner.dataset', 'runner.entry', 'runner.types'],
  'estimator.exportSamples': ['file'],
  'estimator.train': ['paths.*'],
  'estimator.transfer': ['source.*', 'target.*'],
  'gpu.exportRecording': ['file'],
  'gpu.importRecording': ['file'],
  'lm.chat': lmFilePaths,
  'lm.info': lmFilePaths,
  'lm.perplexity': lmFilePaths,
  'lm.plan': lmFilePaths,
  'model.check': ['path'],
  'model.open': ['path'],
  'profile.export': ['path'],
  'profile.import': ['file.path'],
  'proxy.compare': ['source.paths.*'],
  'proxy.fit': ['source.paths.*'],
  'proxy.import': ['paths.*'],
  'proxy.report': ['folder'],
  'session.export': ['file'],
  'session.import': ['file'],
  'session.info': ['file'],
  'shared.use': ['folder'],
  'workload.export': ['folder'],
  'workload.start': ['runner.model', 'runner.dataset', 'runner.entry', 'runner.types']
}

type Handler = (input: never, context: never) => Promise<unknown>

/** Handlers whose path fields are read as a person means them. */
export function withHostPaths<H extends Readonly<Record<string, Handler>>>(handlers: H): H {
  const wrapped: Record<string, Handler> = { ...handlers }
  for (const [name, fields] of Object.entries(pathFields)) {
    const handler = handlers[name]
    if (handler === undefined) continue
    wrapped[name] = (input, context) => {
      const read = fields.reduce<unknown>((value, field) => replaced(value, field.split('.')), input)
      return handler(read as never, context)
    }
  }
  return wrapped as H
}

/** A copy with the text at the end of a way through objects and lists read as a path; what is not there stays away. */
function replaced(value: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined) return typeof value === 'string' ? hostPath(value) : value
  if (typeof value !== 'object' || value === null) return value
  if (key === '*') return Array.isArray(value) ? value.map((one) => replaced(one, rest)) : value
  if (!Object.hasOwn(value, key)) return value
  return { ...value, [key]: replaced((value as Record<string, unknown>)[key], rest) }
}
