// `npm test`: runs vitest, lists what was skipped and why, and closes with one plain line that any CI can read.
// `--unit`: the tests of test/unit, in workers that keep their modules; files that replace a module run apart.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import path from 'node:path'
import { buildIfStale } from './build.mjs'
import { mockedTests } from './mockedTests.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const report = path.join(root, 'build', 'test-report.json')
await buildIfStale()
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

// Unit tests on shared modules: to load the sources for each file would take longer than the tests.
const isUnit = process.argv[2] === '--unit'
const mocked = isUnit ? mockedTests('test/unit') : []
const left = mocked.flatMap((file) => ['--exclude', file])
// Files with a document leave parts of it behind in their worker: they share workers among themselves.
const unitRuns = [
  ['test/unit', '--no-isolate', '--exclude', 'test/unit/renderer/**', ...left],
  ['test/unit/renderer', '--no-isolate', ...left],
  mocked
]
const runs = (isUnit ? unitRuns : [process.argv.slice(2)]).map(run)
const sum = (key) => runs.reduce((total, one) => total + one[key], 0)
const counts = { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') }
const names = runs.flatMap((one) => one.names)
if (names.length > 0) console.log(`\nSkipped (something is not installed here):\n  ${names.join('\n  ')}`)
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0)
