import { textOption, UsageError, type CliArguments } from '../framework/framework'

/** `--address 0x80100000`; null when absent. */
export function addressOption(args: CliArguments): number | null {
  const text = textOption(args, 'address')
  if (text === undefined) return null
  const address = Number(text)
  if (text.trim() === '' || !Number.isInteger(address) || address < 0 || address > 0xffff_ffff) {
    throw new UsageError(`--address must be a 32-bit address such as 0x80100000, not "${text}"`)
  }
  return address
}
