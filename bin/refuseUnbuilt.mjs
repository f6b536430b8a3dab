// `npm pack` in the checkout packs neither built files nor dependencies, and no setting of npm makes it: scripts do not run
// there (.npmrc). Such a package refuses to be installed, or else to start, with what to do instead.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Ends this process where neither sources nor built files lie in `root`. */
export function refuseUnbuilt(root) {
  if (existsSync(path.join(root, 'src')) || existsSync(path.join(root, 'out/main/cli.js'))) return
  console.error(
    'This package of Bitbench was made by `npm pack`, which leaves out built files and dependencies. ' +
      'In the checkout `npm run package` makes one that installs anywhere (docs/release.md).'
  )
  process.exit(1)
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  refuseUnbuilt(path.dirname(path.dirname(process.argv[1])))
