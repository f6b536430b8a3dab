// `npm test`: runs vitest, lists what was skipped and why, and closes with one plain line that any CI can read.
// `--unit`: the tests of test/unit, translated once and in workers that keep their modules.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import path from 'node:path'
import { buildIfStale } from './build.mjs'
import { bundleUnitTests } from './unitBundle.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const report = path.join(root, 'build', 'test-report.json')
mkdirSync(path.dirname(report), { recursive: true })

/** Runs vitest; returns how many tests passed, failed and were skipped, with the names of the last. */
function run(args) {
  rmSync(report, { force: true })
  const vitest = path.join(root, 'node_modules/vitest/vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const { status } = spawnSync(process.execPath, [vitest, 'run', ...reporters, ...args], {
    cwd: root,
    stdio: 'inherit'
  })
  const counts = countsOf()
  // A run that failed for another reason than a test (an unhandled rejection, say) must not look green.
  if (status !== 0 && counts.failed === 0) counts.failed = 1
  return counts
}

function countsOf() {
  try {
    const results = JSON.parse(readFileSync(report, 'utf8'))
    const brokenFiles = results.testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed')
    ).length
    return {
      passed: results.numPassedTests,
      failed: results.numFailedTests + brokenFiles,
      skipped: results.numPendingTests + results.numTodoTests,
      names: results.testResults.flatMap((file) =>
        file.assertionResults
          .filter((test) => test.status === 'pending' || test.status === 'skipped')
          .map((test) => test.fullName)
      )
    }
  } catch (error) {
    console.error(`No test report was written: ${error.message}`)
    return { passed: 0, failed: 1, skipped: 0, names: [] }
  }
}

/** Translates the unit tests; returns vitest's arguments, with files by the names of what was made of them. */
async function unitArguments(given) {
  await bundleUnitTests()
  const files = given.map((argument) => argument.replace(/\.test\.ts$/, '.test.js'))
  return ['--config', 'vitest.unit.config.ts', '--no-isolate', ...files]
}

/** Builds the product where its sources are newer, which unit tests do not need; returns vitest's arguments as given. */
async function allArguments(given) {
  await buildIfStale()
  return given
}

const isUnit = process.argv[2] === '--unit'
const { passed, failed, skipped, names } = run(
  await (isUnit ? unitArguments(process.argv.slice(3)) : allArguments(process.argv.slice(2)))
)
if (names.length > 0) console.log(`\nSkipped (something is not installed here):\n  ${names.join('\n  ')}`)
console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exit(failed > 0 || passed === 0 ? 1 : 0)
