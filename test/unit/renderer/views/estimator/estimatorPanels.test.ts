// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import type { EstimatorDetail } from '@shared/contract/estimator'
import CurveChart from '@renderer/charts/CurveChart.vue'
import PlotCanvas from '@renderer/charts/PlotCanvas.vue'
import { useEstimators } from '@renderer/stores/estimator'
import ErrorPanel from '@renderer/views/estimator/ErrorPanel.vue'
import GuardrailPanel from '@renderer/views/estimator/GuardrailPanel.vue'
import StageScatter from '@renderer/views/estimator/StageScatter.vue'
import StageTransferPanel from '@renderer/views/estimator/StageTransferPanel.vue'
import TrainForm from '@renderer/views/estimator/TrainForm.vue'
import TrainingCurve from '@renderer/views/estimator/TrainingCurve.vue'
import WhatIfPanel from '@renderer/views/estimator/WhatIfPanel.vue'
import { sampleEstimator } from '../../../../e2e/support/sampleEstimator'
import { chart, replaceCharts, seriesOf } from '../../chartStandIn'
import { cellsOf, choose, enabledButtons, submit, tileOf, type } from '../../formFields'
import { mountView, settle, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

replaceCharts(PlotCanvas, CurveChart)

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

const tile = (label: string): string | undefined => tileOf(view, label)

describe('errors of an estimator', () => {
  const shown = (changes: Partial<EstimatorDetail>): void => {
    withClient({})
    view = mountView(ErrorPanel, { detail: { ...sampleEstimator, ...changes } })
  }
  const { position, estimator, evaluation } = sampleEstimator

  it.each<[string, Partial<EstimatorDetail>]>([
    ['0.030 % per token', {}],
    ['none none found at 99 %', { position: { ...position, slope: 0 } }],
    ['– not identifiable: record times per token', { position: { ...position, identifiable: false } }],
    ['– no decode stage', { estimator: { ...estimator, stages: ['vision'] } }]
  ])('say of the position: %s', (text, changes) => {
    shown(changes)
    expect(tile('Position effect')).toBe(`Position effect ${text}`)
  })

  it('have a tile only for stages that exist', () => {
    shown({})
    expect(tile('Prefill')).toBe('Prefill 2.90 % MAE / mean: good')
    view.unmount()
    shown({ evaluation: { ...evaluation, stages: { vision: evaluation.total }, decodePerToken: null } })
    expect([tile('Prefill'), tile('Decode total')]).toEqual([undefined, undefined])
    expect(cellsOf(view.root).map(([name]) => name)).toEqual(['vision', 'total'])
  })

  it('are a line per stage, decode also by token, the total last; RMSE is hidden', () => {
    shown({})
    expect(cellsOf(view.root)).toEqual([
      ['vision', '2.20 %', '22.0', '61.6', '0.980'],
      ['prefill', '2.90 %', '29.0', '81.2', '0.980'],
      ['decode total', '3.60 %', '36.0', '101', '0.980'],
      ['decode per token', '3.80 %', '38.0', '106', '0.980'],
      ['total', '3.10 %', '31.0', '86.8', '0.980']
    ])
  })

  it('count outliers of both kinds, and say when there is no coverage', () => {
    shown({ dropped: { byThreshold: 3, byConfiguration: 4 }, coverage: null })
    expect(view.text()).toContain('480 samples trained, 120 held out, 7 outliers dropped')
    expect(tile('90 % interval covers')).toBe('90 % interval covers – too few configurations')
    view.unmount()
    shown({ dropped: { byThreshold: 0, byConfiguration: 0 } })
    expect(view.text()).not.toContain('dropped')
  })
})

it('the guardrail names its margin, and shows both ways to decide', () => {
  view = mountView(GuardrailPanel, { guardrail: { ...sampleEstimator.guardrail, margin: 0.25 } })
  expect(view.text()).toContain('With margin 0.25')
  expect(cellsOf(view.root)).toEqual([['0.5', '900 ms', '30.0 %', '2.0 %', '5.0 %', '2.0 %', '50.0 %']])
})

describe('predicted against measured', () => {
  const axes = (): unknown[] => {
    const { xAxis, yAxis } = chart('Predicted against measured total').props['option'] as Record<
      'xAxis' | 'yAxis',
      { type: string }
    >
    return [xAxis.type, yAxis.type]
  }
  const point = (measuredMs: number, predictedMs: number) => ({ configuration: 'c', measuredMs, predictedMs })

  it('is logarithmic only over more than a decade, and the ideal line spans both axes', () => {
    withClient({})
    view = mountView(StageScatter, { points: [point(10, 12), point(90, 99)] })
    expect(axes()).toEqual(['value', 'value'])
    expect(seriesOf('Predicted against measured total')[1]!.data).toEqual([
      [10, 10],
      [99, 99]
    ])
    view.unmount()
    view = mountView(StageScatter, { points: [point(9, 12), point(90, 99)] })
    expect(axes()).toEqual(['log', 'log'])
  })

  it('describes the point under the pointer', () => {
    withClient({})
    view = mountView(StageScatter, { points: [point(10, 12)] })
    const { tooltip } = chart('Predicted against measured total').props['option'] as {
      tooltip: { formatter(at: { dataIndex: number }): string }
    }
    expect(tooltip.formatter({ dataIndex: 0 })).toBe('c: 10.00 ms measured, 12.00 predicted')
    expect(tooltip.formatter({ dataIndex: 7 })).toBe('')
  })
})

describe('training', () => {
  it('starts with the typed paths, without a limit at 0, and needs paths', async () => {
    const client = withClient({ 'estimator.train': () => ({ jobId: 'j1' }) })
    view = mountView(TrainForm, {})
    expect(enabledButtons(view)).not.toContain('Train')
    await type(view, 'Files or folders', ' /data/a.csv, ,b.csv')
    expect(enabledButtons(view)).toContain('Train')
    expect(view.text()).not.toContain('Epochs')
    await choose(view, 'Model', 'Network (MLP)')
    await type(view, 'Epochs', '12')
    await type(view, 'Drop over', '0')
    await submit(view)
    expect(client.calls.at(-1)).toEqual({
      name: 'estimator.train',
      input: {
        paths: ['/data/a.csv', 'b.csv'],
        ...{ preset: 'vlm', model: 'mlp', epochs: 12, maxDecodePerTokenMs: null }
      }
    })
  })

  it('shows the loss of the run in this window rather than that of the open estimator', async () => {
    const epoch = (number: number, validationLoss: number) => ({
      ...{ epoch: number, trainLoss: 1, validationLoss },
      ...{ prefillMaeMs: null, decodeMaeMs: null, relative: null }
    })
    const client = withClient({
      'estimator.train': () => ({ jobId: 'j1' }),
      'estimator.detail': () => ({
        ...sampleEstimator,
        history: [epoch(1, 0.5), epoch(2, 0.4), epoch(3, 0.6)]
      })
    })
    const estimators = useEstimators()
    view = mountView(TrainingCurve, {})
    expect(view.text()).toBe('')
    await estimators.select.run('e1')
    await settle()
    expect(view.text()).toContain('least held-out loss in epoch 2, which is kept')
    await estimators.train.run({
      paths: ['a'],
      preset: 'vlm',
      model: 'mlp',
      epochs: 3,
      maxDecodePerTokenMs: null
    })
    client.emit('estimator.epoch', { jobId: 'j1', epoch: epoch(7, 0.3) })
    client.emit('estimator.epoch', { jobId: 'other', epoch: epoch(8, 0.1) })
    await settle()
    expect(view.text()).toContain('least held-out loss in epoch 7, which is kept')
    expect(chart('Loss over epochs').props['curves']).toEqual([
      { name: 'training', points: [{ x: 7, y: 1 }] },
      { name: 'held out', points: [{ x: 7, y: 0.3 }] }
    ])
  })
})

describe('what if', () => {
  it('starts in the middle, predicts at once, and shows shares, interval and verdict', async () => {
    const asked: unknown[] = []
    withClient({
      'estimator.detail': () => sampleEstimator,
      'estimator.predict': ({ configurations }) => {
        asked.push(...configurations)
        const stagesMs = { prefill: 300, decode: 100 }
        return {
          predictions: [
            {
              stagesMs,
              totalMs: 400,
              lowMs: 380,
              highMs: 450,
              decodePerTokenMs: null,
              warnings: ['batch is extrapolated']
            }
          ]
        }
      }
    })
    await useEstimators().select.run('e1')
    view = mountView(WhatIfPanel, { detail: sampleEstimator })
    await settle()
    expect(asked).toEqual([{ knobs: { batch: 9, precision: 'int8' }, outputTokens: 136 }])
    expect([...view.root.querySelectorAll<HTMLElement>('.bar i')].map((one) => one.style.width)).toEqual([
      '75%',
      '25%'
    ])
    expect(view.text()).toContain('90 %: 380 to 450 ms')
    expect(view.text()).toContain('batch is extrapolated')
    const verdicts = []
    for (const budget of ['379', '400', '449', '1000']) {
      await type(view, 'Budget', budget)
      verdicts.push(view.the('[data-verdict]').textContent)
    }
    expect(verdicts).toEqual([
      'beyond the budget',
      'too close: measure it',
      'probably within: measure it',
      'within the budget'
    ])
  })

  it('lets a knob go a quarter beyond what was measured, and asks again for what is chosen', async () => {
    const asked: unknown[] = []
    withClient({
      'estimator.detail': () => sampleEstimator,
      'estimator.predict': ({ configurations }) => {
        asked.push(...configurations)
        return { predictions: [] }
      }
    })
    await useEstimators().select.run('e1')
    view = mountView(WhatIfPanel, { detail: { ...sampleEstimator, outputTokens: null } })
    await settle()
    const slider = view.the<HTMLInputElement>('[type=range]')
    expect([slider.min, slider.max]).toEqual(['1', '20'])
    slider.value = '20'
    slider.dispatchEvent(new Event('input'))
    await choose(view, 'precision', 'bf16')
    expect(asked.at(-1)).toEqual({ knobs: { batch: 20, precision: 'bf16' } })
  })
})

describe('moving to another device', () => {
  const point = (method: string, n: number, totalMape: number) => ({
    ...{ method, title: `by ${method}`, n, totalMape, operatorMape: 2 * totalMape }
  })
  it('needs files of both devices', async () => {
    const client = withClient({ 'estimator.transfer': () => ({ jobId: 'j1' }) })
    view = mountView(StageTransferPanel, {})
    await type(view, 'Files of the known device', 'a.csv')
    expect(enabledButtons(view)).not.toContain('Measure the curves')
    await type(view, 'Files of the new device', 'b.csv,c.csv')
    expect(enabledButtons(view)).toContain('Measure the curves')
    await submit(view)
    expect(client.calls.at(-1)?.input).toEqual({
      source: ['a.csv'],
      target: ['b.csv', 'c.csv'],
      preset: 'vidur'
    })
  })

  it('shows every method in the table and the worthwhile ones as curves, sizes in order', async () => {
    const points = [point('auto', 30, 2), point('auto', 10, 0), point('mean', 10, 40)]
    withClient({ 'estimator.transferCurve': () => ({ title: 'A100 to H100', points, chosen: {} }) as never })
    view = mountView(StageTransferPanel, {})
    const estimators = useEstimators()
    estimators.transfer = { title: 'A100 to H100', points, chosen: {} } as never
    await settle()
    expect(cellsOf(view.root)).toEqual([
      ['by auto', '0.0 (0.0)', '2.0 (4.0)'],
      ['by mean', '40.0 (80.0)', '–']
    ])
    expect(chart('Error against configurations measured on the new device').props['curves']).toEqual([
      {
        name: 'by auto',
        points: [
          { x: 10, y: 0.1, deviation: 0 },
          { x: 30, y: 2, deviation: 0 }
        ]
      }
    ])
  })
})
