import { describe, expect, it } from 'vitest'
import { namedScoreText, scoreNameOf, scoreText, scoreTitle } from '@shared/score'
import { unavailable } from '@shared/units'

describe('scores of tasks', () => {
  it.each([
    [{ accuracy: 0.9 }, 'accuracy'],
    [{ auc: 0.98, mse: 0.1 }, 'AUC'],
    [{ r2: 0.5, mse: 1, rmse: 1, mae: 1 }, 'R²'],
    [{ perplexity: 4, accuracy: 0.3 }, '1 / perplexity'],
    [{ agreement: 0.9, mse: 0.1, kl: 0.2 }, 'agreement']
  ] as const)('names the score beside %j', (metrics, name) => {
    expect(scoreNameOf(metrics)).toBe(name)
  })

  it('writes shares as percentages and others as they are, equally finely', () => {
    expect(namedScoreText('accuracy', 0.98316)).toBe('98.32 %')
    expect(namedScoreText('accuracy', 0.98316, 1)).toBe('98.3 %')
    expect(namedScoreText('agreement', 0.98316)).toBe('agreement 98.32 %')
    expect(namedScoreText('AUC', 0.98316)).toBe('AUC 0.9832')
    expect(namedScoreText('AUC', 0.98316, 1)).toBe('AUC 0.983')
    expect(namedScoreText('R²', -0.5)).toBe('R² -0.5000')
    expect(scoreText('AUC', NaN)).toBe(unavailable)
    expect(scoreText('AUC', null)).toBe(unavailable)
    expect([scoreTitle('AUC'), scoreTitle('accuracy')]).toEqual(['AUC', 'Accuracy'])
  })
})
