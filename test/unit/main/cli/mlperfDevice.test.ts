import { describe, expect, it } from 'vitest'
import { openMlperfDevice } from '@main/cli/board/mlperfDevice'
import type { LocalClient } from '@main/cli/framework/localClient'

/** A console whose device replies to a sent text with texts, each after some ms; `booting` is printed from the beginning. */
function deviceLine(replyTo: (command: string) => [number, string][], booting: [number, string][] = []) {
  const chunks: { sequence: number; direction: 'received'; text: string }[] = []
  const sent: string[] = []
  const print = (parts: readonly [number, string][]): void => {
    for (const [afterMs, text] of parts)
      setTimeout(() => chunks.push({ sequence: chunks.length + 1, direction: 'received', text }), afterMs)
  }
  print(booting)
  const call = async (name: string, input: { after?: number; text?: string }): Promise<unknown> => {
    if (name === 'board.console') return { chunks: chunks.filter(({ sequence }) => sequence > input.after!) }
    sent.push(input.text!)
    print(replyTo(input.text!.slice(0, -1)))
    return { ok: true }
  }
  return { client: { call } as unknown as LocalClient, sent }
}
const signal = new AbortController().signal
const named: [number, string][] = [[5, 'm-name-dut-[x]\r\nm-ready\r\n']]
const replies: Record<string, [number, string][]> = {
  name: named,
  profile: [[5, 'm-profile-[p]\r\nm-model-[kws]\r\nm-ready\r\n']]
}

describe('a device of MLPerf Tiny', () => {
  it('may start while it is opened: its own ready lines are no replies', async () => {
    // The first boot line comes before the command, the rest in the middle of the reply's wait.
    const line = deviceLine(
      (command) => (command === 'name' ? [[300, 'm-name-dut-[x]\r\nm-ready\r\n']] : replies[command]!),
      [
        [20, 'BIOS\r\nm-init-'],
        [260, 'done\r\nm-ready\r\n']
      ]
    )
    const device = await openMlperfDevice(line.client, 'b', signal)
    expect(await device.ask('profile')).toEqual(['m-profile-[p]', 'm-model-[kws]'])
    expect(await device.ask('name')).toEqual(['m-name-dut-[x]'])
    expect(line.sent).toEqual(['name%', 'profile%', 'name%'])
  })

  it('takes a reply that comes in pieces, and reports what the device refuses', async () => {
    const line = deviceLine((command) =>
      command === 'name'
        ? named
        : command === 'results'
          ? [
              [2, 'm-res'],
              [20, 'ults-[1,2]\r'],
              [40, '\nm-ready\r'],
              [60, '\n']
            ]
          : [[2, 'e-[Unknown command]\r\nm-ready\r\n']]
    )
    const device = await openMlperfDevice(line.client, 'b', signal)
    expect(await device.ask('results')).toEqual(['m-results-[1,2]'])
    await expect(device.ask('what')).rejects.toMatchObject({
      code: 'board.protocol',
      message: 'The device refused "what": Unknown command.'
    })
    await expect(device.load(Uint8Array.of(1, 2))).rejects.toMatchObject({ code: 'board.protocol' })
  })
})
