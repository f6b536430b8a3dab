import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { bitbench, output, report } from '../bitbench.mjs'

// Times of a made-up device, so that the truth is known: prefill grows with prompt, experts and blocks; decode with
// output tokens and blocks. In your case these are the measurements of a model.
const prefillMs = (prompt, topK, blocks) => 2 + 0.002 * prompt * blocks + 0.05 * topK * blocks
const decodeMs = (tokens, topK, blocks) => tokens * (0.5 + 0.08 * blocks + 0.02 * topK * blocks)
const rows = []
for (const promptTokens of [32, 64, 128, 256])
  for (const moeTopK of [2, 4, 8])
    for (const activeBlocks of [8, 12, 16, 20])
      rows.push({
        knobs: { promptTokens, moeTopK, activeBlocks },
        outputTokens: 40,
        stages: {
          prefill: prefillMs(promptTokens, moeTopK, activeBlocks),
          decode: decodeMs(40, moeTopK, activeBlocks)
        }
      })
const results = output('results')
mkdirSync(results)
writeFileSync(path.join(results, 'device.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'))

const trained = output('trained')
const training = bitbench('estimator', 'train', path.join(results, 'device.jsonl'), '--output-dir', trained)
const asked = ['prompt_tokens=200', 'top_k=4', 'blocks=14', '--output-tokens', '40']
const predicted = bitbench('estimator', 'predict', '--checkpoint-path', trained, ...asked)

report({
  rows: training.rows.train + training.rows.validation,
  prefillMs: predicted.stagesMs.prefill,
  trueDecodeMs: decodeMs(40, 4, 14),
  decodeMs: predicted.stagesMs.decode,
  truePrefillMs: prefillMs(200, 4, 14)
})
