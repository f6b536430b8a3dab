import { AppError, type ErrorCode } from '@shared/errors'
import { formatBytes, formatHex32 } from '@shared/units'
import { ByteReader } from '../binary/bytes'
import type { Opcode } from './protocol'

/** A board's refusal in words: status of docs/protocol.md "Responses" with its details -> AppError. */
export const statusNames = [
  'ok',
  'unknownCommand',
  'badLength',
  'badAddress',
  'badArgument',
  'unsupported',
  'noMemory',
  'badImage',
  'trap',
  'busy'
] as const

/** docs/image.md "Why an Image is refused"; index = reason. */
export const imageReasons = [
  'nothing is wrong with it',
  'it does not begin with the magic BBIM',
  'its format version is not the firmware’s',
  'a size or offset lies outside the Image or its arena',
  'its CRC is wrong',
  'it does not fit the RAM',
  'it holds an operator or bit pair the firmware does not have',
  'its weights are packed in another layout than the firmware reads',
  'no Image is prepared',
  'its shapes contradict each other'
] as const

/** What helps, by reason, where it is not to deploy again. */
const imageHints: Readonly<Record<number, string>> = {
  6: 'Load the current monitor of this board; a small one leaves out softmax, norms, products of activations and recurrences (docs/firmware-sizes.md).',
  7: 'The plan was made for another firmware: plan again for the board that is connected.',
  8: 'Deploy first: an Image is forgotten when its memory was written, after a bench, a call, a trap or a reset.'
}

/** RISC-V privileged specification, table "machine cause register (mcause) values", exceptions. */
const trapCauses: Readonly<Record<number, string>> = {
  0: 'instruction address misaligned',
  1: 'instruction access fault',
  2: 'illegal instruction',
  3: 'breakpoint',
  4: 'load address misaligned',
  5: 'load access fault',
  6: 'store address misaligned',
  7: 'store access fault',
  8: 'environment call from U-mode',
  9: 'environment call from S-mode',
  11: 'environment call from M-mode'
}

/** `data` is the response after its status byte; details that are missing are left out. */
export function refusal(command: Opcode, status: number, data: Uint8Array): AppError {
  const statusName = statusNames[status] ?? `status ${status}`
  const fail = (code: ErrorCode, message: string, hint: string, more: object = {}): AppError =>
    new AppError(code, message, hint, { details: { command, status: statusName, ...more } })
  const words = detailWords(data)
  switch (statusName) {
    case 'unknownCommand':
      return fail(
        'board.refused',
        `The board's monitor does not know the command ${command}.`,
        'Its firmware is older than this Bitbench: load the current monitor.'
      )
    case 'badAddress': {
      const [low = 0, high = 0] = words
      return fail(
        'board.addressRange',
        `The board refused ${command}: an address lies outside its usable RAM ${formatHex32(low)}-${formatHex32(high)}.`,
        'Plan again for this board; its memory map is not the one that was planned for.',
        { low, high }
      )
    }
    case 'unsupported':
      return fail(
        'board.unsupportedKernel',
        `The board's firmware has no kernel for what ${command} asked.`,
        'Choose a kernel and bit pair of the list in the board’s info.'
      )
    case 'noMemory':
      return outOfMemory(command, words)
    case 'badImage':
      return badImage(command, data)
    case 'trap': {
      const [cause = 0, address = 0, value = 0] = words
      const name = trapCauses[cause] ?? `cause ${formatHex32(cause)}`
      return fail(
        'board.faulted',
        `The code that ${command} ran trapped at ${formatHex32(address)}: ${name} (mtval ${formatHex32(value)}).`,
        'The monitor still responds. Deploy the Image again, or check the program that was loaded.',
        { mcause: cause, mepc: address, mtval: value }
      )
    }
    case 'busy':
      return fail(
        'board.busy',
        'The board is busy with another request.',
        'Wait for it to finish, or reset the board.'
      )
    case 'badArgument':
      return fail(
        'board.refused',
        `The board refused ${command}: an argument is out of range.`,
        'Check shape, bits, counts and alignment against docs/protocol.md.'
      )
    default:
      return fail(
        'board.protocol',
        `The board replied to ${command} with ${statusName}.`,
        'Host and firmware disagree on the protocol: load the current monitor.'
      )
  }
}

function detailWords(data: Uint8Array): number[] {
  const reader = new ByteReader(data)
  const words: number[] = []
  while (reader.left >= 4) words.push(reader.u32())
  return words
}

function outOfMemory(command: Opcode, [needed = 0, available = 0]: number[]): AppError {
  return new AppError(
    'board.outOfMemory',
    `${command} needs ${formatBytes(needed)} of RAM and the board has ${formatBytes(available)}: ${needed - available} bytes too few.`,
    'Choose a smaller shape or network, fewer bits, or a board with more RAM.',
    { details: { command, status: 'noMemory', neededBytes: needed, availableBytes: available } }
  )
}

function badImage(command: Opcode, data: Uint8Array): AppError {
  const reason = data[0] ?? 0
  if (reason === 5 && data.length >= 9) return outOfMemory(command, detailWords(data.subarray(1)))
  const code: ErrorCode =
    reason === 4 ? 'board.crcMismatch' : reason === 6 ? 'board.unsupportedKernel' : 'board.refused'
  return new AppError(
    code,
    `The board refused the Image: ${imageReasons[reason] ?? `reason ${reason}`}.`,
    imageHints[reason] ?? 'Deploy again; if it stays, the board’s RAM or this Image is damaged.',
    { details: { command, status: 'badImage', reason } }
  )
}
