// Type-checks each layer with its own tsconfig, so that core never sees Node or DOM types. What was checked is kept
// between runs (build/typecheck): only what changed since is checked again. The native compiler (TypeScript 7) checks
// everything but components, which vue-tsc checks through TypeScript 6.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import path from 'node:path'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const bin = (name) => path.join(root, 'node_modules', name)
const checks = [
  [bin('typescript7/bin/tsc'), 'tsconfig.core.json'],
  [bin('typescript7/bin/tsc'), 'tsconfig.main.json'],
  [bin('vue-tsc/bin/vue-tsc.js'), 'tsconfig.renderer.json'],
  [bin('typescript7/bin/tsc'), 'tsconfig.test.json']
]
const only = process.argv[2]
let failed = false
for (const [compiler, project] of checks) {
  if (only && !project.includes(only)) continue
  const kept = path.join(root, 'build', 'typecheck', project.replace('.json', '.tsbuildinfo'))
  const { status } = spawnSync(
    process.execPath,
    [compiler, '-p', project, '--noEmit', '--incremental', '--tsBuildInfoFile', kept],
    { cwd: root, stdio: 'inherit' }
  )
  if (status !== 0) failed = true
}
process.exit(failed ? 1 : 0)
