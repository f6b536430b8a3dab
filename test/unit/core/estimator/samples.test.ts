import { describe, expect, it } from 'vitest'
import { samplesFromCsv, samplesFromJson } from '@core/estimator/samples/readSamples'
import { configurationKey, knobsOf, stageTable, totalMs } from '@core/estimator/samples/stageTable'

const options = (preset: 'generic' | 'vlm' | 'vidur') => ({ preset, fileName: 'f', dataSet: 'set' })

describe('stage samples', () => {
  it("reads the documents' names in any spelling as one stage", () => {
    const spellings = ['T_LLM_prefill', 'prefill_ms', 'prefillMs', 't-llm-prefill']
    for (const name of spellings) {
      const [sample] = samplesFromJson(JSON.stringify({ top_k: 8, [name]: 12.5 }), options('vlm'))
      expect(sample?.stages).toEqual({ prefill: 12.5 })
      expect(sample?.knobs).toEqual({ moeTopK: 8 })
    }
  })

  it('sums recorded positions into decode and multiplies an average by the tokens', () => {
    const positions = { knobs: { top_k: 4 }, stages: { prefill: 1 }, decode_per_token_ms: [1, 2, 4] }
    const average = { num_output_tokens: 10, T_LLM_decode_per_token: 2.5, top_k: 4 }
    const [first, second] = samplesFromJson(JSON.stringify([positions, average]), options('vlm'))
    expect(first).toMatchObject({ outputTokens: 3, stages: { prefill: 1, decode: 7 } })
    expect(second).toMatchObject({ outputTokens: 10, stages: { decode: 25 } })
  })

  it('keeps total, run and outcome out of stages and knobs', () => {
    const [sample] = samplesFromCsv('top_k,prefill_ms,total_ms,run\n8,3,9,2\n', options('vlm'))
    expect(sample).toMatchObject({ knobs: { moeTopK: 8 }, stages: { prefill: 3 } })
    expect(Object.keys(sample?.knobs ?? {})).toEqual(['moeTopK'])
  })

  it('reads Vidur columns of both spellings; an empty cell is an absent stage', () => {
    const text = 'model,num_tokens,time_stats.emb.median,time_stats.emb.mean,add_ms\nphi-2,8,0.14,0.2,\n'
    const [sample] = samplesFromCsv(text, options('vidur'))
    expect(sample?.stages).toEqual({ emb: 0.14 })
    const table = stageTable(
      samplesFromCsv('model,num_tokens,a_ms,b_ms\nx,1,1,\ny,1,2,3\n', options('vidur'))
    )
    expect(table.times[1]?.[0]).toBeNaN()
    expect([totalMs(table.times, 0), totalMs(table.times, 1)]).toEqual([1, 5])
    expect(knobsOf(table, 1)).toEqual({ model: 'y', num_tokens: 1 })
    expect(configurationKey(table, 0)).not.toBe(configurationKey(table, 1))
  })

  it.each(['NaN', 'nan', '-inf', 'Infinity', '#N/A', 'null'])('refuses %s as a knob', (cell) => {
    expect(() => samplesFromCsv(`x,a_ms\n1,2\n${cell},3\n`, options('generic'))).toThrow(
      `f, line 3, x: "${cell}" is neither a number nor a name.`
    )
  })

  it('refuses a name among numbers and a number among names, naming the sample', () => {
    const read = (cells: string[]) => () =>
      stageTable(samplesFromCsv(`x,a_ms\n${cells.map((cell) => `${cell},1\n`).join('')}`, options('generic')))
    expect(read(['1', '2', 'many', '4'])).toThrow(
      'Sample 3 of set has the name "many" for the knob "x", which is a number in others.'
    )
    expect(read(['low', '2', 'high'])).toThrow(
      'Sample 2 of set has the number "2" for the knob "x", which is a name in others.'
    )
    expect(read(['low', 'high'])().knobs[0]).toMatchObject({ levels: ['high', 'low'] })
  })

  it('reads {knobs, stages} with names of its own, as JSON lines too', () => {
    const line = (n: number) => JSON.stringify({ knobs: { 'my knob': n }, stages: { 'my stage': n * 2 } })
    const samples = samplesFromJson(`${line(1)}\n${line(2)}\n`, options('generic'))
    expect(samples.map((sample) => sample.stages['my stage'])).toEqual([2, 4])
    expect(samples[1]?.knobs).toEqual({ 'my knob': 2 })
  })

  it('reads numbers as they are written: decimal comma, thousands, decided over whole columns', () => {
    const read = (text: string) =>
      samplesFromCsv(text, options('generic')).map(({ knobs, stages }) => [knobs['a'], stages['b']])
    expect(read('a;b_ms\n0,5;12,5\n1;1.234,5\n')).toEqual([
      [0.5, 12.5],
      [1, 1234.5]
    ])
    expect(read('a,b_ms\n1,"1,234.5"\n2,"27,648"\n').map(([, time]) => time)).toEqual([1234.5, 27648])
    expect(read('a,b_ms\n1,27.648\n2,636\n').map(([, time]) => time)).toEqual([27.648, 636])
    expect(read('a;b_ms;device\n1;12,5;0.8.0\n').map(([, time]) => time)).toEqual([12.5])
    expect(read('a;b_ms\n1;0.648\n2;636\n').map(([, time]) => time)).toEqual([0.648, 636])
    expect(() => read('a;b_ms\n1;27.648\n2;636\n')).toThrow(/may be a decimal mark or a mark of thousands/)
    expect(() => read('a;b_ms\n1;8.0\n2;1.234,5\n')).toThrow(/row 1, b_ms: "8.0" is no number/)
  })

  it('lets one column say how those are written that leave it open', () => {
    const read = (text: string, decimal?: '.' | ',') =>
      samplesFromCsv(text, { ...options('generic'), decimal }).map(({ knobs, stages }) => [
        knobs['a'],
        stages['b']
      ])
    // Three digits behind every point: a fraction between commas, refused elsewhere unless another column decides.
    expect(read('a,b_ms\n12,1.234\n25,2.048\n').map(([, time]) => time)).toEqual([1.234, 2.048])
    for (const cells of [';', '\t']) {
      const text = `a${cells}b_ms\n12${cells}1.234\n25${cells}2.048\n`
      expect(() => read(text)).toThrow(/"\." in its numbers may be a decimal mark or a mark of thousands/)
      expect(read(text, '.').map(([, time]) => time)).toEqual([1.234, 2.048])
      expect(read(text, ',').map(([, time]) => time)).toEqual([1234, 2048])
    }
    expect(read('a;b_ms\n12;1.234\n25;2.5\n').map(([, time]) => time)).toEqual([1.234, 2.5])
    expect(read('a;b_ms\n12,5;1.234\n25,1;2.048\n')).toEqual([
      [12.5, 1234],
      [25.1, 2048]
    ])
    expect(read('a,b_ms\n"1,024",0.5\n1500,2\n')).toEqual([
      [1024, 0.5],
      [1500, 2]
    ])
    expect(read('a,b_ms\n1.234,"1,024"\n2.048,512\n').map(([, time]) => time)).toEqual([1024, 512])
    expect(() => read('a;b_ms\n1.234;1,024\n2.048;512\n')).toThrow(/decimal mark or a mark of thousands/)
    expect(() => read('a;b_ms\n1.234;1,024\n2.048;1500\n')).toThrow(/decimal mark or a mark of thousands/)
  })

  it.each([' ', '\u00a0', '\u202f', "'", '\u2019'])('reads "%s" between groups of digits', (sign) => {
    const [{ knobs, stages }] = samplesFromCsv(
      `a;b_ms\n1${sign}024;12${sign}345,5\n`,
      options('generic')
    ) as [ReturnType<typeof samplesFromCsv>[0]]
    expect([knobs['a'], stages['b']]).toEqual([1024, 12345.5])
    expect(samplesFromCsv(`a,b_ms\n1${sign}024,7\n`, options('generic'))[0]!.knobs['a']).toBe(1024)
  })

  it.each([
    ['a,b_ms\n1,2\n3\n', /line 3: the row has 1 cells/],
    ['a,b_ms\n1,-2\n', /line 2, b_ms/],
    ['a,b_ms\n1,abc\n', /"abc" is not a time/],
    ['a,b\n1,2\n', /no stage was found/],
    ['a,b_ms\n', /no rows/]
  ])('rejects %j naming the place', (text, message) => {
    expect(() => samplesFromCsv(text, options('generic'))).toThrow(message)
  })

  it.each([
    ['{', /not JSON/],
    ['[1, 2]', /objects with knobs and stages/],
    ['{"top_k":1,"output_tokens":2,"decode_per_token_ms":[1,2,3]}', /3 times for 2 output tokens/],
    ['{"top_k":1,"T_LLM_decode_per_token":2}', /number of output tokens is missing/]
  ])('rejects the document %j', (text, message) => {
    expect(() => samplesFromJson(text, options('vlm'))).toThrow(message)
  })

  it('asks for the same knobs in every sample', () => {
    const text = '[{"knobs":{"a":1},"stages":{"s":1}},{"knobs":{"b":1},"stages":{"s":1}}]'
    expect(() => stageTable(samplesFromJson(text, options('generic')))).toThrow(/has no knob "a"/)
  })
})
