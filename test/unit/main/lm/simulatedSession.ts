import { MonitorClient } from '../../../../src/core/board/monitorClient'
import type { DecoderSession } from '../../../../src/main/lm/boardDecoder'
import { SimulatedBoard } from '../../core/board/simulatedBoard'

/** A session that talks to the shipped monitor on the simulator, with or without its cycle model. */
export function simulatedSession(cycleModel = true): DecoderSession {
  const board = new SimulatedBoard('mid', undefined, undefined, cycleModel)
  const client = new MonitorClient()
  const info = board.converse(client.hello(3))
  return {
    info,
    upload: async (address, bytes) => board.converse(client.upload(address, bytes)),
    read: async (address, length) => board.converse(client.read(address, length)),
    call: async (entry, a0, a1) => board.converse(client.call(entry, a0, a1))
  }
}
