// `npm run dist`: packs the desktop window with electron-builder into build/dist: AppImage and deb, dmg, or nsis, as the
// machine it runs on. `--dir` stops at the packed folder. docs/release.md says what each platform needs.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildIfStale } from './build.mjs'
import { npm, privateManifest } from './npm.mjs'
import { electronBuilderConfig } from './package/electronBuilder.mjs'
import { stagePackage } from './package/stage.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
/** Not a development dependency: it brings 250 packages that only a release needs. */
const builderVersion = '26.17.0'
const builderFolder = process.env.BITBENCH_ELECTRON_BUILDER ?? path.join(root, 'build', 'electron-builder')
const stage = path.join(root, 'build', 'dist-stage')
const icons = path.join(root, 'build', 'icons')

await buildIfStale()
stagePackage({ root, stage })
await drawIcon()
const configFile = path.join(root, 'build', 'electron-builder.json')
writeFileSync(configFile, JSON.stringify(readConfig(), null, 2))
orExit(
  spawnSync(
    process.execPath,
    [builderProgram(), '--config', configFile, '--publish', 'never', ...process.argv.slice(2)],
    { cwd: root, stdio: 'inherit' }
  )
)

function readConfig() {
  const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'))
  return electronBuilderConfig({
    ...{ stage, icons, output: process.env.BITBENCH_DIST_FOLDER ?? path.join(root, 'build', 'dist') },
    electronVersion: lock.packages['node_modules/electron'].version,
    electronDist: process.env.ELECTRON_OVERRIDE_DIST_PATH,
    updateFeed: process.env.BITBENCH_UPDATE_FEED || undefined
  })
}

/** The icon of the page, drawn at the size the platforms' icon formats are made from. */
async function drawIcon() {
  const { Resvg } = await import('@resvg/resvg-js')
  const svg = readFileSync(path.join(root, 'src/renderer/public/icon.svg'), 'utf8')
  mkdirSync(icons, { recursive: true })
  const drawn = new Resvg(svg, { fitTo: { mode: 'width', value: 1024 } }).render()
  writeFileSync(path.join(icons, 'icon.png'), drawn.asPng())
}

function builderProgram() {
  const program = path.join(builderFolder, 'node_modules', 'electron-builder', 'cli.js')
  if (!existsSync(program)) {
    mkdirSync(builderFolder, { recursive: true })
    writeFileSync(path.join(builderFolder, 'package.json'), privateManifest)
    const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--save-exact']
    orExit(npm([...args, `electron-builder@${builderVersion}`], { cwd: builderFolder, stdio: 'inherit' }))
  }
  return program
}

function orExit({ status }) {
  if (status !== 0) process.exit(status ?? 1)
}
