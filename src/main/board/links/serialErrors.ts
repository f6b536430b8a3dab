import { AppError } from '../../../shared/errors'
import { findPortHolders, type PortHolder } from '../ports/portUser'
import { type PortOwner, readPortOwner } from '../ports/portPermission'

/** Why a port would not open, in words and with the one thing to do about it. */
export async function openFailure(port: string, cause: unknown): Promise<AppError> {
  const text = cause instanceof Error ? cause.message : String(cause)
  if (isPermission(text)) {
    const hint =
      process.platform === 'linux'
        ? permissionHint(port, await readPortOwner(port))
        : 'Start Bitbench as a user who may use serial ports.'
    return new AppError('board.permission', `This user may not open ${port}.`, hint, { cause })
  }
  if (/cannot lock|busy|resource temporarily|exclusive|access denied/i.test(text)) {
    const holders = await findPortHolders(port)
    return new AppError('board.busy', ...busyText(port, holders), { cause, details: { holders } })
  }
  if (/no such file|cannot find|not found|ENOENT|no such device/i.test(text)) {
    return new AppError(
      'board.notFound',
      `There is no port ${port}.`,
      'Plug the board in, or choose another port.',
      { cause }
    )
  }
  return new AppError(
    'board.faulted',
    `${port} cannot be opened: ${text}`,
    'Unplug the board, plug it in again and retry.',
    { cause }
  )
}

/** Whether an error text speaks of missing permission. */
export function isPermission(text: string): boolean {
  return /permission denied|EACCES|EPERM/i.test(text)
}

/** The two ways to be let in, spelled for this very device. */
export function permissionHint(port: string, { group, vendorId, productId }: PortOwner): string {
  // No user can join root's group: for its devices only a udev rule helps.
  const join =
    group === 'root'
      ? ''
      : `Join the group that owns it (sudo usermod -aG ${group ?? 'dialout'} $USER, then log in again), or `
  const match =
    vendorId === null
      ? `KERNEL=="${port.replace(/^.*\//, '')}"`
      : `ATTRS{idVendor}=="${vendorId}", ATTRS{idProduct}=="${productId ?? '*'}"`
  const rule = `put this into /etc/udev/rules.d/70-bitbench.rules: SUBSYSTEM=="tty", ${match}, MODE="0666"`
  return `${join}${join === '' ? rule[0].toUpperCase() + rule.slice(1) : rule}; then plug it in again.`
}

function busyText(port: string, holders: readonly PortHolder[]): [message: string, hint: string] {
  if (holders.some(({ pid }) => pid === process.pid)) {
    return [
      `${port} is open in this Bitbench already, as another board of the list.`,
      'Disconnect that board, or use it instead of this one.'
    ]
  }
  const who = holders.map(({ command, pid }) => `${command} (process ${pid})`).join(', ')
  if (who === '') {
    return [
      `${port} is in use by another program.`,
      'The system does not say which (it may be another user’s). Close terminals, a second Bitbench or ModemManager, and connect again.'
    ]
  }
  const modemManager = holders.some(({ command }) => command === 'ModemManager')
  return [
    `${port} is in use by ${who}.`,
    modemManager
      ? 'ModemManager tries every new port for some seconds: wait, or stop it (sudo systemctl stop ModemManager).'
      : `Close ${holders.length === 1 ? 'that program' : 'those programs'}, or end it with kill ${holders.map(({ pid }) => pid).join(' ')}, and connect again.`
  ]
}
