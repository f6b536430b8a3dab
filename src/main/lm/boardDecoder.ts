import { readFile } from 'node:fs/promises'
import { decoderParts, returnedToken } from '../../core/lm/board/decoderImage'
import {
  decoderBuild,
  decoderRamBytes,
  planDecoder,
  type DecoderPlan
} from '../../core/lm/board/decoderProgram'
import type { LmConfig } from '../../core/lm/config'
import type { QuantizedLm } from '../../core/lm/integer/quantizedLm'
import type { BoardInfo } from '../../core/board/boardInfo'
import { resourcePath } from '../paths'

/** One token made on a board. */
export interface BoardStep {
  /** The likeliest next token. */
  readonly token: number
  readonly cycles: number
  readonly instructions: number
}

/** A decoder that lies on a board. */
export interface BoardDecoder {
  readonly plan: DecoderPlan
  step(token: number, position: number, signal: AbortSignal): Promise<BoardStep>
  /** Cycles of the parts of the last step, [layers + 1][parts] (decoderParts). */
  parts(): Promise<Uint32Array>
}

/** What a decoder needs of a leased board. */
export interface DecoderSession {
  readonly info: BoardInfo
  upload(
    address: number,
    bytes: Uint8Array,
    options: { signal: AbortSignal; onProgress?: (doneBytes: number, totalBytes: number) => void }
  ): Promise<unknown>
  call(
    entry: number,
    a0: number,
    a1: number,
    options: { signal: AbortSignal }
  ): Promise<{ returned: number; cycles: number; instructions: number }>
  read(address: number, length: number): Promise<Uint8Array>
}

const checkAlone = 0xffffffff

/**
 * Plans a decoder into a board's RAM; nothing is sent.
 * @throws AppError board.unsupportedKernel, deploy.outOfMemory, model.unsupportedShape
 */
export async function planOnBoard(lm: QuantizedLm, info: BoardInfo): Promise<DecoderPlan> {
  const file = resourcePath('firmware', 'build', decoderBuild(info))
  return planDecoder(lm, info, {
    bytes: new Uint8Array(await readFile(`${file}.bin`)),
    addresses: await readFile(`${file}.addresses`, 'utf8')
  })
}

/** Bytes of a board's RAM that a decoder takes with its program, more than there are included. @throws AppError board.unsupportedKernel, model.unsupportedShape */
export async function ramOnBoard(
  lm: QuantizedLm,
  info: Pick<BoardInfo, 'xlen' | 'ram' | 'kernels'>
): Promise<number> {
  const code = await readFile(resourcePath('firmware', 'build', `${decoderBuild(info)}.bin`))
  return decoderRamBytes(lm, info, { bytes: new Uint8Array(code) })
}

/**
 * Sends program and image to a board and has the program check them.
 * @throws AppError board.unsupportedKernel, deploy.outOfMemory, board.refused
 */
export async function loadDecoder(
  session: DecoderSession,
  lm: QuantizedLm,
  options: { signal: AbortSignal; onProgress?: (doneBytes: number, totalBytes: number) => void }
): Promise<BoardDecoder> {
  return await sendDecoder(session, await planOnBoard(lm, session.info), lm.config, options)
}

/** Sends what is planned for a board already. @throws AppError board.refused, what the board throws */
export async function sendDecoder(
  session: DecoderSession,
  plan: DecoderPlan,
  config: LmConfig,
  options: { signal: AbortSignal; onProgress?: (doneBytes: number, totalBytes: number) => void }
): Promise<BoardDecoder> {
  const { program, block } = plan
  await session.upload(program.address, program.bytes, { signal: options.signal })
  await session.upload(block.address, block.image.bytes, options)
  const call = (what: number, signal: AbortSignal) =>
    session.call(program.address, block.address, what, { signal })
  returnedToken((await call(checkAlone, options.signal)).returned, config.vocabulary)
  return {
    plan,
    async step(token, position, signal) {
      const { returned, cycles, instructions } = await call(token + position * 65536, signal)
      return { token: returnedToken(returned, config.vocabulary), cycles, instructions }
    },
    async parts() {
      const count = decoderParts.length * (config.layers + 1)
      const bytes = await session.read(block.address + block.image.countersOffset, 4 * count)
      return new Uint32Array(bytes.slice().buffer)
    }
  }
}
