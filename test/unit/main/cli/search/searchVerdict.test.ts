import { describe, expect, it } from 'vitest'
import { againstInt8, testText } from '@main/cli/search/searchVerdict'
import { metricsText } from '@main/cli/model/ownData'
import { pairedOf } from '@core/search/paired'

describe('the verdict of a search', () => {
  const test = { best: 0.98316, int8: 0.981, float: 0.9841, images: 1600 }

  it('writes shares as percentages and an AUC as one', () => {
    expect(testText('accuracy', test)).toBe(
      'test accuracy 98.32 %; int8 98.10 %, float 98.41 % on 1,600 items'
    )
    expect(testText('AUC', test)).toBe('test AUC 0.9832; int8 0.9810, float 0.9841 on 1,600 items')
    expect(testText('AUC', { ...test, best: null })).toContain('test AUC –; int8 0.9810')
  })

  it('compares with int8 only where items are right or wrong', () => {
    // 1.96 sqrt(3 + 1 - 1 / 10) / 10
    expect(againstInt8(pairedOf(8, 2, 1))).toEqual(['against int8: -12.50 ± 38.71 points (95 %, same items)'])
    expect(againstInt8(null)).toEqual([])
  })
})

it('the metrics of a scheme have the names that pages and searches show', () => {
  expect(metricsText({ accuracy: 0.9123, metrics: { accuracy: 0.9123 } })).toBe('91.23 %')
  expect(metricsText({ accuracy: 0.984, metrics: { auc: 0.98401234, mse: 0.0817 } })).toBe(
    'AUC 0.98401, mse 0.0817'
  )
  expect(metricsText({ accuracy: 0.99, metrics: { agreement: 0.99, kl: 0.01 } })).toBe(
    'agreement 99.00 %, KL 0.01'
  )
})
