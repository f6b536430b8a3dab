import type { StoreLoss } from '../contract/store'
import type { AppErrorJson } from '../errors'
import { countOf, formatDateTime } from '../units'

/** The notice of a loss, as the window and the command line show it. */
export function lossNotice(loss: StoreLoss): Pick<AppErrorJson, 'code' | 'message' | 'hint'> {
  const { changes, sinceMs, tables, keptFiles } = loss
  const found = `When the data file was opened on ${formatDateTime(loss.foundAtMs)}, the end of its write-ahead log could not be read`
  const what = tables.map(({ name, changes: count }) => `${name} ${count}`).join(', ')
  const message =
    changes === null
      ? `${found}: the last changes may be missing.`
      : `${found}: ${countOf(changes, 'stored change')} since ${formatDateTime(sinceMs ?? loss.foundAtMs)} ${changes === 1 ? 'is' : 'are'} lost${what === '' ? '' : ` (${what})`}.`
  const hint =
    keptFiles.length === 0
      ? 'The log itself was gone. Look at the runs of that time and repeat what is missing; check the disk.'
      : `Everything before is there. The files as they were found are kept in ${keptFiles.join(' and ')}. Look at the runs of that time and repeat what is missing; check the disk.`
  return { code: 'store.corrupt', message, hint }
}
