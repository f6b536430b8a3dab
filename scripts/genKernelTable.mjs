// Writes resources/kernels/table/<variant>.c from resources/kernels/variants.json:
//   node scripts/genKernelTable.mjs [--check]
// --check writes nothing and fails when a table on disk is not what would be written.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { kernelFolder, pairsOf, variantNames } from './kernelVariants.mjs'

/** An entry that a build without the pair leaves out, and with it all code that nothing else uses. */
const present = (entry, index) => (entry === 'NULL' ? entry : `HAS(${index}, ${entry})`)

function rowsOf(name) {
  return pairsOf(name)
    .map(
      (pair, index) =>
        `    {${pair.activationBits}, ${pair.weightBits}, ${pair.layout}, ${pair.variant}, ${pair.rowsMax}, ` +
        `${[pair.scratch, pair.dot, pair.conv2d].map((entry) => present(entry, index)).join(', ')}},`
    )
    .join('\n')
}

/** The C text of one variant's table. */
export function tableText(name) {
  return `/* Written by scripts/genKernelTable.mjs from variants.json; change that and run it again. */
#include "../dot.h"

/* BB_PAIRS: bit 4 * a + w is set where this build has the pair, a and w the places of the widths in 8, 4, 2, 1. */
#ifdef BB_PAIRS
#define HAS(index, entry) (BB_PAIRS >> (index) & 1 ? (entry) : NULL)
#else
#define HAS(index, entry) entry
#endif

static const bb_pair reference[16] = {
${rowsOf('reference')}
};

static const bb_pair fast[16] = {
${rowsOf(name)}
};

/* 8, 4, 2, 1 -> 0..3, anything else 4: the order of the tables above. */
static uint32_t width_index(uint32_t bits) { return bits == 8 ? 0 : bits == 4 ? 1 : bits == 2 ? 2 : bits == 1 ? 3 : 4; }

const bb_pair *bb_find_pair(uint32_t activation_bits, uint32_t weight_bits, int use_reference) {
    uint32_t a = width_index(activation_bits), w = width_index(weight_bits);
    if (a > 3 || w > 3) return NULL;
#ifdef BB_PAIRS
    if (!(BB_PAIRS >> (a * 4 + w) & 1)) return NULL;
#endif
    return (use_reference ? reference : fast) + a * 4 + w;
}
`
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const checkOnly = process.argv.includes('--check')
  mkdirSync(path.join(kernelFolder, 'table'), { recursive: true })
  for (const name of variantNames) {
    const file = path.join(kernelFolder, 'table', `${name}.c`)
    const text = tableText(name)
    if (!checkOnly) {
      writeFileSync(file, text)
    } else if (readFileSync(file, 'utf8') !== text) {
      console.error(`${file} is stale: run node scripts/genKernelTable.mjs`)
      process.exitCode = 1
    }
  }
}
