import { readFileSync } from 'node:fs'
import path from 'node:path'
import { MonitorClient } from '../../../../../src/core/board/monitorClient'
import { returnedToken } from '../../../../../src/core/lm/board/decoderImage'
import {
  decoderBuild,
  planDecoder,
  type DecoderBuild,
  type DecoderCode,
  type DecoderPlan
} from '../../../../../src/core/lm/board/decoderProgram'
import type { QuantizedLm } from '../../../../../src/core/lm/integer/quantizedLm'
import { SimulatedBoard } from '../../board/simulatedBoard'

/** The shipped code of a decoder build. */
export function decoderBinary(build: DecoderBuild): DecoderCode {
  const file = path.resolve('resources/firmware/build', build)
  return {
    bytes: new Uint8Array(readFileSync(`${file}.bin`)),
    addresses: readFileSync(`${file}.addresses`, 'utf8')
  }
}

/** A decoder on the simulated board, driven through its monitor. */
export interface SimulatedDecoder {
  readonly plan: DecoderPlan
  /** What the program's check of the image returns: 0 when it is sound. */
  check(): number
  step(token: number, position: number): { token: number; logits: Int32Array; instructions: number }
  /** Overwrites a word of the image. */
  poke(offset: number, word: number): void
}

/** Loads program and image onto a simulated board. */
export function simulatedDecoder(lm: QuantizedLm, board: SimulatedBoard): SimulatedDecoder {
  const client = new MonitorClient()
  const info = board.converse(client.hello(7))
  const plan = planDecoder(lm, info, decoderBinary(decoderBuild(info)))
  board.converse(client.upload(plan.program.address, plan.program.bytes))
  board.converse(client.upload(plan.block.address, plan.block.image.bytes))
  const call = (what: number) => board.converse(client.call(plan.program.address, plan.block.address, what))
  return {
    plan,
    check: () => call(0xffffffff).returned >>> 0,
    step(token, position) {
      const { returned, instructions } = call(token + position * 65536)
      const at = plan.block.address + plan.block.image.logitsOffset
      const bytes = board.converse(client.read(at, 4 * lm.config.vocabulary))
      return {
        token: returnedToken(returned, lm.config.vocabulary),
        logits: new Int32Array(bytes.slice().buffer),
        instructions
      }
    },
    poke(offset, word) {
      const bytes = new Uint8Array(Uint32Array.of(word).buffer)
      board.converse(client.upload(plan.block.address + offset, bytes))
    }
  }
}
