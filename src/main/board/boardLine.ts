import type { Board } from '../../shared/contract/board'
import { AppError } from '../../shared/errors'
import type { BoardAdapters } from './boardAdapters'
import { type CatalogueEntry, flashChipOf, litexBoardId, rtlVariantOf } from './boardCatalogue'
import type { Link } from './links/link'
import { findPort } from './ports/portIdentity'

/** Opens the line of a board of the list. @throws board.notFound for a serial board that is not plugged in, input.unsupported for a twin out of date */
export async function openBoardLine(
  adapters: BoardAdapters,
  entry: CatalogueEntry,
  settings: Board['settings']
): Promise<Link> {
  if (entry.id === litexBoardId) return await adapters.openLitex()
  const chip = flashChipOf(entry.id)
  if (chip !== null) return await adapters.openFlashChip(chip)
  // Of the virtual boards only twins can be out of date.
  if (entry.kind === 'virtual' && entry.unavailable !== null)
    throw new AppError('input.unsupported', `${entry.name} cannot be used as it is.`, entry.unavailable)
  if (entry.machine !== null) return await adapters.openMachine(entry.machine)
  if (entry.kind === 'virtual') return await adapters.openVirtual(entry.preset!, entry.core === 'zbb')
  if (entry.kind === 'qemu') return await adapters.openQemu(entry.core)
  if (entry.kind === 'rtl') return await adapters.openRtl(rtlVariantOf(entry.id))
  return await adapters.openSerial(await locate(adapters, entry), settings)
}

/** The path of a serial board at this moment. @throws board.notFound while it is not plugged in */
async function locate(adapters: BoardAdapters, entry: CatalogueEntry): Promise<string> {
  const path = entry.port ?? entry.id
  if (entry.serialNumber === null) return path
  const ports = await adapters.listPorts()
  const found = findPort(path, entry, ports)
  if (found !== null) return found
  const other = ports.find((port) => port.path === path)
  throw new AppError(
    'board.notFound',
    `${entry.name} (USB serial number ${entry.serialNumber}) is not plugged in` +
      (other === undefined ? '.' : `; on ${path} there is another board now.`),
    'Plug it in; it is found on whatever port it gets.'
  )
}
