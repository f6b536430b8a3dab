import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { createOnnxBuilder } from '@core/model/onnx/onnxBuilder'
import type { OnnxModel } from '@core/model/onnx/onnx'
import { openOrtSession } from '@main/model/onnxruntime/ortSession'
import { createStructureSessions } from '@main/model/onnxruntime/structureSessions'

/** x * factors + added, over three numbers. */
function scaled(factors: readonly number[], added: number): OnnxModel {
  const builder = createOnnxBuilder()
  const x = builder.input('x', 'float32', [3])
  const product = builder.node('Mul', [x, builder.constant(Float32Array.from(factors), [3])])
  builder.output(builder.node('Add', [product, builder.scalar(added)]), 'y')
  return builder.build('scaled')
}

/** Sessions that count how many were opened and closed. */
function counted(limits: Parameters<typeof createStructureSessions>[0] = {}) {
  const counts = { opened: 0, closed: 0 }
  const open: typeof openOrtSession = async (...given) => {
    counts.opened++
    const session = await openOrtSession(...given)
    const release = session.release.bind(session)
    session.release = () => {
      counts.closed++
      return release()
    }
    return session
  }
  const sessions = createStructureSessions(limits, open)
  const run = (model: OnnxModel, x: readonly number[] = [1, 2, 3]): Promise<number[]> =>
    sessions.use(model, async (session, numbers) => {
      const { y } = await session.run({ x: new ort.Tensor('float32', Float32Array.from(x), [3]), ...numbers })
      return Array.from(y!.data as Float32Array)
    })
  return { counts, run, sessions }
}

describe('sessions by structure', () => {
  it('give every model its own numbers from one session', async () => {
    const { counts, run } = counted()
    expect(await run(scaled([2, 3, 4], 1))).toEqual([3, 7, 13])
    expect(await run(scaled([1, 0, -1], 5))).toEqual([6, 5, 2])
    // An added number that equals none or one of another model makes no other structure.
    expect(await run(scaled([1, 1, 1], 1))).toEqual([2, 3, 4])
    expect(counts).toEqual({ opened: 1, closed: 0 })
  })

  it('are two where two models of one structure run at once, and one is closed', async () => {
    const { counts, run } = counted()
    const found = await Promise.all([run(scaled([2, 3, 4], 1)), run(scaled([1, 0, -1], 5))])
    expect(found).toEqual([
      [3, 7, 13],
      [6, 5, 2]
    ])
    expect(counts).toEqual({ opened: 2, closed: 1 })
  })

  it('keep the structures that were used last', async () => {
    const { counts, run } = counted({ sessions: 1 })
    const other = (): OnnxModel => {
      const builder = createOnnxBuilder()
      const x = builder.input('x', 'float32', [3])
      builder.output(builder.node('Sub', [x, builder.scalar(1)]), 'y')
      return builder.build('scaled')
    }
    await run(scaled([1, 1, 1], 0))
    expect(await run(other())).toEqual([0, 1, 2])
    expect(counts).toEqual({ opened: 2, closed: 1 })
    expect(await run(other())).toEqual([0, 1, 2])
    expect(counts).toEqual({ opened: 2, closed: 1 })
    expect(await run(scaled([1, 1, 1], 0))).toEqual([1, 2, 3])
    expect(counts).toEqual({ opened: 3, closed: 2 })
  })

  it('are not shared by models with a tensor that is too large for an input', async () => {
    const { counts, run } = counted({ inputValues: 2 })
    expect(await run(scaled([2, 3, 4], 1))).toEqual([3, 7, 13])
    expect(await run(scaled([1, 0, -1], 5))).toEqual([6, 5, 2])
    expect(counts).toEqual({ opened: 2, closed: 2 })
  })

  it('serve again after work that failed', async () => {
    const { counts, run, sessions } = counted()
    const failing = sessions.use(scaled([1, 1, 1], 0), () => Promise.reject(new Error('stopped')))
    await expect(failing).rejects.toThrow('stopped')
    expect(await run(scaled([2, 3, 4], 1))).toEqual([3, 7, 13])
    expect(counts).toEqual({ opened: 1, closed: 0 })
  })
})
