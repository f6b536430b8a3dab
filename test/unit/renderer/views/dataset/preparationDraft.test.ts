import { describe, expect, it } from 'vitest'
import {
  emptyPreparation,
  readPreparation,
  type PreparationDraft
} from '@renderer/views/dataset/preparationDraft'

describe('how a data set is read', () => {
  it('is what happens anyway where nothing is typed', () => {
    expect(readPreparation(emptyPreparation())).toEqual({
      preparation: { layout: 'hwc', fit: 'stretch', normalise: null },
      targetColumns: [],
      features: 'mfcc'
    })
  })

  it('takes axes, a scale with means, columns, shares and a seed', () => {
    const draft: PreparationDraft = {
      layout: 'chw',
      fit: 'crop',
      scale: '1/255',
      mean: '0.5, 0.4,0.3',
      std: '',
      targets: 'price, age',
      features: 'logMel',
      shares: '0.2, 0.2, 0.1',
      seed: ' 7 '
    }
    expect(readPreparation(draft)).toEqual({
      preparation: {
        layout: 'chw',
        fit: 'crop',
        normalise: { scale: 1 / 255, mean: [0.5, 0.4, 0.3], std: [1] }
      },
      targetColumns: ['price', 'age'],
      features: 'logMel',
      shares: { calibration: 0.2, tune: 0.2, search: 0.1 },
      seed: 7
    })
  })

  it.each([
    ['scale', '0', 'Scale'],
    ['scale', '1, 2', 'Scale'],
    ['mean', 'x', 'Mean'],
    ['std', '1, 0', 'Std'],
    ['shares', '0.5, 0.5', 'Calibration, tune, search'],
    ['shares', '0.5, 0.5, 0.1', 'Calibration, tune, search'],
    ['seed', '-1', 'Seed of the splits']
  ] as const)('names the field that holds no numbers that fit: %s "%s"', (field, text, problem) => {
    expect(readPreparation({ ...emptyPreparation(), [field]: text })).toEqual({ problem })
  })
})
