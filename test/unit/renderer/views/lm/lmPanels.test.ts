// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { decoderParts } from '@core/lm/board/decoderImage'
import type { LmChat, LmInfo, LmMemory, LmStep } from '@shared/contract/lm'
import { AppError } from '@shared/errors'
import CurveChart from '@renderer/charts/CurveChart.vue'
import { useLanguageModels } from '@renderer/stores/lm'
import ChatForm from '@renderer/views/lm/ChatForm.vue'
import ChatResult from '@renderer/views/lm/ChatResult.vue'
import LayerShares from '@renderer/views/lm/LayerShares.vue'
import LossPanel from '@renderer/views/lm/LossPanel.vue'
import ModelFiles from '@renderer/views/lm/ModelFiles.vue'
import { sampleBoards } from '../../../../e2e/support/sampleBoards'
import { sampleLm } from '../../../../e2e/support/sampleLm'
import { chart, replaceCharts } from '../../chartStandIn'
import { cellsOf, enabledButtons, submit, tick, tileOf, type } from '../../formFields'
import { mountView, settle, wordsOf, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

replaceCharts(CurveChart)

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

const board = sampleBoards[0]!
const info: LmInfo = sampleLm.info
const memory: LmMemory = {
  ...{ programBytes: 1024, weightBytes: 2048, tableBytes: 3072, cacheBytes: 4096, workBytes: 5120 },
  freeBytes: 6144
}

describe('continuing a text', () => {
  it('needs a model, and sends what was typed', async () => {
    const client = withClient({ 'lm.info': () => info, 'lm.chat': () => ({ jobId: 'j1' }) })
    view = mountView(ChatForm, { board })
    expect(enabledButtons(view)).toEqual([])
    await useLanguageModels().read.run({ model: 'glosses-260k' })
    await settle()
    expect(enabledButtons(view)).toEqual(['Continue on the board', 'Plan memory'])
    await type(view, 'Text to go on with', 'cat:')
    await type(view, 'Tokens to make', '12')
    await tick(view, 'go on after the end')
    await submit(view)
    expect(client.calls.at(-1)).toMatchObject({
      name: 'lm.chat',
      input: { scheme: 'w4a8', boardId: board.id, prompt: 'cat:', tokens: 12, toTheEnd: true }
    })
  })

  it('cannot be started while the board writes', async () => {
    const client = withClient({ 'lm.info': () => info })
    view = mountView(ChatForm, { board })
    await useLanguageModels().read.run({ model: 'glosses-260k' })
    client.emit('lm.chatChanged', { ...sampleLm.last.chat, state: 'running' } as LmChat)
    await settle()
    expect(view.text()).toContain('The board is writing')
    expect(enabledButtons(view)).toEqual(['Plan memory'])
  })

  it('plans memory, which another scheme or board forgets', async () => {
    withClient({ 'lm.info': () => info, 'lm.plan': () => ({ memory, scheme: 'w4a8' }) })
    view = mountView(ChatForm, { board })
    await useLanguageModels().read.run({ model: 'glosses-260k' })
    const plan = async (): Promise<void> => {
      view.button('Plan memory').click()
      await settle()
      expect(view.text()).toContain('Cache of keys and values')
    }
    await settle()
    await plan()
    await type(view, 'Bits of matrices', 'w8a8')
    expect(view.text()).not.toContain('Cache of keys and values')
    await plan()
    await view.set({ board: sampleBoards[1]! })
    expect(view.text()).not.toContain('Cache of keys and values')
  })

  it('says why there is no plan', async () => {
    withClient({
      'lm.info': () => info,
      'lm.plan': () => {
        throw new AppError('scheme.invalid', 'w9 is no width.', 'Take w8.')
      }
    })
    view = mountView(ChatForm, { board })
    await useLanguageModels().read.run({ model: 'glosses-260k' })
    await settle()
    view.button('Plan memory').click()
    await settle()
    expect(view.text()).toContain('w9 is no width.')
  })
})

describe('the text of a board', () => {
  const chat = sampleLm.last.chat as LmChat
  const steps = sampleLm.last.steps as LmStep[]
  const shown = (changes: Partial<LmChat>, of: readonly LmStep[] = steps): void => {
    withClient({})
    view = mountView(ChatResult, { chat: { ...chat, ...changes }, steps: of })
  }
  const tile = (label: string): string | undefined => tileOf(view, label)
  const plain = (changes: Partial<LmStep>): LmStep => ({ ...steps[0]!, cycles: 25_000_000, ...changes })

  it('is the prompt and what was made, with a caret only while it grows', () => {
    shown({ prompt: 'dog:', state: 'running' }, [plain({ text: ' a' }), plain({ position: 1, text: ' pet' })])
    expect(view.the('.text').textContent).toBe('dog: a pet')
    expect(view.root.querySelector('.caret')).not.toBeNull()
    view.unmount()
    shown({ state: 'done' })
    expect(view.root.querySelector('.caret')).toBeNull()
  })

  it('is timed by the clock, counted without one, and unavailable where the board counts nothing', () => {
    const two = [plain({}), plain({ position: 1, cycles: 75_000_000 })]
    shown({ clockHz: 50_000_000 }, two)
    expect(tile('Per token')).toContain('1.0 tokens/s')
    expect(tile('Last token')).toContain('at position 1; at 0: 500 ms')
    view.unmount()
    shown({ clockHz: null }, two)
    expect(tile('Per token')).toContain('no clock: instructions are counted')
    view.unmount()
    shown({ clockHz: 50_000_000 }, [plain({ cycles: 0, parts: [] })])
    expect(tile('Per token')).toContain('– this board counts nothing')
    expect(view.text()).toContain('This board counts no cycles')
    expect(view.text()).not.toContain('Infinity')
  })

  it('has a curve in milliseconds where the clock is known, else in what was counted', () => {
    const lastOf = (label: string): unknown =>
      (chart(label).props['curves'] as { points: { x: number; y: number }[] }[])[0]!.points.at(-1)
    shown({ clockHz: 50_000_000 }, [plain({}), plain({ position: 1, cycles: 75_000_000 })])
    expect(lastOf('Time of a token by position')).toEqual({ x: 1, y: 1500 })
    view.unmount()
    shown({ clockHz: null }, [plain({}), plain({ position: 1, cycles: 75_000_000 })])
    expect(lastOf('Cost of a token by position')).toEqual({ x: 1, y: 75_000_000 })
  })

  it('says that the board differs from the host as soon as one token does', () => {
    shown({}, [plain({}), plain({ position: 1, equal: false })])
    expect(tile('Equal to the host')).toContain('1 of 2 the board does not compute what it should')
    view.unmount()
    shown({}, [plain({})])
    expect(tile('Equal to the host')).toContain('1 of 1 every token, integer reference')
  })

  it('counts the cache by the last position', () => {
    shown({ cacheBytesPerPosition: 512, sequenceLength: 256 }, [
      plain({ position: 0 }),
      plain({ position: 3 })
    ])
    expect(tile('Cache in use')).toContain('2 KiB of 128 KiB, 512 bytes a position')
    const [curve] = chart('Cache in use by position').props['curves'] as { points: object[] }[]
    expect(curve!.points.at(-1)).toEqual({ x: 3, y: 2 })
  })

  it('waits for the first token, and shows why it failed', () => {
    shown({ state: 'running' }, [])
    expect(view.text()).toContain('The first token comes when the model is on the board.')
    view.unmount()
    const error = new AppError('board.timeout', 'No reply.', 'Look at the cable.').toJSON()
    shown({ state: 'failed', error }, [])
    expect(view.text()).toContain('No reply.')
    expect(view.text()).not.toContain('The first token comes')
  })
})

it('the share of each layer is its mean over the positions, by part and together; sorted by a click', async () => {
  const width = decoderParts.length
  const step = (cost: number): LmStep => ({
    ...(sampleLm.last.steps[0] as LmStep),
    // One layer and what stands outside: the first part of each.
    parts: Array.from({ length: 2 * width }, (_, at) => (at === 0 ? cost : at === width ? 100 : 0))
  })
  view = mountView(LayerShares, { steps: [step(200), step(400)], layers: 1, unit: 'cycles' })
  const rows = cellsOf(view.root)
  expect(rows.map((cells) => [cells[0], cells.at(-1)])).toEqual([
    ['75.0 %', '75.0 %'],
    ['25.0 %', '25.0 %'],
    ['100.0 %', '400 cycles']
  ])
  expect(rows[0]!.slice(1, -1).join('')).toBe('')
  expect([...view.root.querySelectorAll('tbody th')].map((one) => one.textContent)).toEqual([
    ...['0', 'outside', 'all']
  ])
  const all = [...view.root.querySelectorAll('button')].find((one) => one.title === 'Sort by all')!
  all.click()
  await settle()
  expect([...view.root.querySelectorAll('tbody th')].map((one) => one.textContent)).toEqual([
    ...['outside', '0', 'all']
  ])
})

describe('perplexity by scheme', () => {
  const mounted = async (loss: object | null) => {
    const client = withClient({
      'lm.info': () => info,
      'lm.last': () => ({ ...sampleLm.last, chat: null, steps: [], loss }) as never,
      'lm.perplexity': () => ({ jobId: 'j1' })
    })
    await useLanguageModels().load.run()
    view = mountView(LossPanel, {})
    await settle()
    return client
  }

  it('is measured for the schemes between semicolons', async () => {
    const client = await mounted(null)
    expect(view.text()).toContain('Not measured yet')
    await type(view, 'Schemes', ' w8a8 ;; w4a8,kv=4;')
    await type(view, 'Documents', '7')
    await submit(view)
    expect(client.calls.at(-1)).toMatchObject({
      name: 'lm.perplexity',
      input: { schemes: ['w8a8', 'w4a8,kv=4'], documents: 7 }
    })
  })

  it('stands beside float with the interval of the pairs', async () => {
    const { measured } = sampleLm.last.loss
    await mounted(sampleLm.last.loss)
    const rows = cellsOf(view.root)
    expect(rows[0]).toEqual(['float', '26.400', '24.90 to 28.10', '1', '–'])
    expect(rows).toHaveLength(1 + measured.schemes.length)
    const { overFloat } = measured.schemes[0]!
    expect(rows[1]!.slice(3)).toEqual([
      overFloat.ratio.toFixed(4),
      `${overFloat.low.toFixed(4)} to ${overFloat.high.toFixed(4)}`
    ])
  })

  it('cannot be measured twice at once, and says why it failed', async () => {
    await mounted({ ...sampleLm.last.loss, state: 'running', measured: null })
    expect(view.text()).toContain('Being measured')
    expect(enabledButtons(view)).not.toContain('Being measured')
    view.unmount()
    const error = new AppError('data.missing', 'No texts.', 'Name a file.').toJSON()
    await mounted({ ...sampleLm.last.loss, state: 'failed', measured: null, error })
    expect(view.text()).toContain('No texts.')
    expect(view.text()).not.toContain('Not measured yet')
  })
})

describe('the files of a model', () => {
  it('are the shipped model unless one is named, and optional ones only where they are', async () => {
    const client = withClient({ 'lm.info': () => info })
    view = mountView(ModelFiles, {})
    await submit(view)
    await type(view, 'Checkpoint', ' ~/m.bin ')
    await type(view, 'Texts to measure', ' ~/t.txt')
    await submit(view)
    const read = client.calls.filter(({ name }) => name === 'lm.info').map(({ input }) => input)
    expect(read).toEqual([
      { files: { model: 'glosses-260k' } },
      { files: { model: '~/m.bin', text: '~/t.txt' } }
    ])
  })

  it('are folded away with the shipped model, and unfolded when one cannot be read', async () => {
    withClient({
      'lm.info': () => {
        throw new AppError('model.invalid', 'Cut short.', 'Copy it again.')
      }
    })
    view = mountView(ModelFiles, {})
    const files = view.the('details') as HTMLDetailsElement
    expect(files.open).toBe(false)
    await submit(view)
    await settle()
    expect(files.open).toBe(true)
    expect(view.text()).toContain('Cut short.')
  })

  it('say what the model is, and that a scheme needs texts', async () => {
    withClient({ 'lm.info': () => ({ ...info, tied: false, hasCalibration: false }) })
    view = mountView(ModelFiles, {})
    await submit(view)
    expect(wordsOf(view.root)).toContain('Cache 80 KiB at 8 bits, 40 KiB at 4')
    expect(wordsOf(view.root)).toContain('a table of its own')
    expect(view.text()).toContain('A scheme needs texts to choose its scales on')
  })
})
