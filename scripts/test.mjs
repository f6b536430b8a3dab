// `npm test`: runs vitest, lists what was skipped and why, and closes with one plain line that any CI can read.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import path from 'node:path'
import { buildIfStale } from './build.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const report = path.join(root, 'build', 'test-report.json')
await buildIfStale()
mkdirSync(path.dirname(report), { recursive: true })
rmSync(report, { force: true })

const { status } = spawnSync(
  process.execPath,
  [
    path.join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...process.argv.slice(2)
  ],
  { cwd: root, stdio: 'inherit' }
)

let counts = { passed: 0, failed: 1, skipped: 0 }
try {
  const results = JSON.parse(readFileSync(report, 'utf8'))
  const brokenFiles = results.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed')
  ).length
  counts = {
    passed: results.numPassedTests,
    failed: results.numFailedTests + brokenFiles,
    skipped: results.numPendingTests + results.numTodoTests
  }
  const skipped = results.testResults.flatMap((file) =>
    file.assertionResults
      .filter((test) => test.status === 'pending' || test.status === 'skipped')
      .map((test) => test.fullName)
  )
  if (skipped.length > 0)
    console.log(`\nSkipped (something is not installed here):\n  ${skipped.join('\n  ')}`)
} catch (error) {
  console.error(`No test report was written: ${error.message}`)
}
// A run that failed for another reason than a test (an unhandled rejection, say) must not look green.
if (status !== 0 && counts.failed === 0) counts.failed = 1
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0)
