import { AppError } from '../../shared/errors'
import { findPortHolders } from './portHolder'

/** Why a port would not open, in words and with the one thing to do about it. */
export async function openFailure(port: string, cause: unknown): Promise<AppError> {
  const text = cause instanceof Error ? cause.message : String(cause)
  if (isPermission(text)) {
    return new AppError(
      'board.permission',
      `This user may not open ${port}.`,
      process.platform === 'linux'
        ? 'Join the group that owns it (sudo usermod -aG dialout $USER, then log in again), or add a udev rule: SUBSYSTEM=="tty", MODE="0666" for its USB ids.'
        : 'Start Bitbench as a user who may use serial ports.',
      { cause }
    )
  }
  if (/cannot lock|busy|resource temporarily|exclusive|access denied/i.test(text)) {
    const holders = (await findPortHolders(port)).filter((holder) => holder.pid !== process.pid)
    const who = holders.map((holder) => `${holder.command} (process ${holder.pid})`).join(', ')
    return new AppError(
      'board.busy',
      who === '' ? `${port} is in use by another program.` : `${port} is in use by ${who}.`,
      'Close that program (a terminal, a second Bitbench, ModemManager) and connect again.',
      { cause, details: { holders } }
    )
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
    {
      cause
    }
  )
}

export function isPermission(text: string): boolean {
  return /permission denied|EACCES|EPERM/i.test(text)
}
