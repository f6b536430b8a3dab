// What electron-builder packs: AppImage and deb, dmg, nsis, from the folder that stage.mjs lays out.
import path from 'node:path'

/** Read by programs other than Electron (compilers, Python, QEMU, the font renderer) or loaded by the system's linker. */
const unpacked = [
  'resources/**',
  'node_modules/dejavu-fonts-ttf/**',
  'node_modules/{@duckdb,@img,@koromix,@resvg,@serialport,onnxruntime-node,sharp,koffi}/**'
]

/**
 * The configuration.
 *
 * @param options.stage folder with the app; `output` gets the packages; `icons` holds icon.png (1024 x 1024)
 * @param options.electronVersion exact version, as package-lock.json has it
 * @param options.electronDist folder with an unpacked Electron, for machines that cannot fetch one
 * @param options.updateFeed https address of a folder with latest*.yml; without it no feed is written into the package
 */
export function electronBuilderConfig({ stage, output, icons, electronVersion, electronDist, updateFeed }) {
  return {
    appId: 'org.bitbench.workstation',
    productName: 'Bitbench',
    copyright: 'MIT licence; other licences in THIRD_PARTY_LICENCES.txt',
    directories: { app: stage, output, buildResources: icons },
    electronVersion,
    ...(electronDist === undefined ? {} : { electronDist }),
    // Every native module is an N-API prebuild: there is nothing to compile against Electron's headers.
    npmRebuild: false,
    nodeGypRebuild: false,
    asar: true,
    asarUnpack: unpacked,
    files: ['**/*', '!bin/**'],
    extraFiles: [
      { from: path.join(stage, 'THIRD_PARTY_LICENCES.txt'), to: 'THIRD_PARTY_LICENCES.txt' },
      { from: path.join(stage, 'LICENSE'), to: 'LICENSE.bitbench.txt' }
    ],
    icon: path.join(icons, 'icon.png'),
    fileAssociations: [
      {
        ext: 'bbsession',
        name: 'Bitbench session',
        role: 'Editor',
        mimeType: 'application/x-bitbench-session'
      },
      { ext: 'onnx', name: 'ONNX network', role: 'Viewer', mimeType: 'application/x-onnx' }
    ],
    electronFuses: {
      // The workload runner is this very program run as Node: it reads its requests from stdin, which Electron's
      // utility processes do not have (docs/adr/0004-fuses.md).
      runAsNode: true,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      enableCookieEncryption: true,
      enableEmbeddedAsarIntegrityValidation: true,
      onlyLoadAppFromAsar: true,
      loadBrowserProcessSpecificV8Snapshot: false,
      grantFileProtocolExtraPrivileges: false
    },
    publish: updateFeed === undefined ? null : { provider: 'generic', url: requireHttps(updateFeed) },
    linux: {
      target: ['AppImage', 'deb'],
      category: 'Development',
      executableName: 'bitbench-window',
      synopsis: 'Mixed-precision networks on RISC-V and FPGA boards, GPU energy',
      maintainer: 'Bitbench contributors'
    },
    deb: { depends: ['libgtk-3-0', 'libnss3', 'libasound2', 'xdg-utils'], recommends: ['libsecret-1-0'] },
    mac: { target: ['dmg'], category: 'public.app-category.developer-tools', hardenedRuntime: true },
    win: { target: ['nsis'] },
    nsis: { oneClick: false, allowToChangeInstallationDirectory: true, deleteAppDataOnUninstall: false }
  }
}

function requireHttps(address) {
  if (!URL.canParse(address) || new URL(address).protocol !== 'https:') {
    throw new Error(`BITBENCH_UPDATE_FEED must be an https address, not ${address}`)
  }
  return address
}
