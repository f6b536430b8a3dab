import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'electron-vite'
import { listBundledPackages } from './scripts/bundledPackages.mjs'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const alias = {
  '@shared': at('./src/shared'),
  '@core': at('./src/core'),
  '@main': at('./src/main'),
  '@renderer': at('./src/renderer')
}

export default defineConfig({
  main: {
    resolve: { alias },
    plugins: [listBundledPackages(at('.'))],
    build: {
      outDir: 'out/main',
      sourcemap: true,
      rollupOptions: {
        // Electron, the command line and the web host are three faces of the same services; workers are files of their own.
        input: {
          index: at('./src/main/index.ts'),
          cli: at('./src/main/cli.ts'),
          webMain: at('./src/main/webMain.ts'),
          taskWorker: at('./src/main/taskWorker.ts'),
          virtualBoardWorker: at('./src/main/board/links/virtualBoardWorker.ts'),
          workloadRunner: at('./src/main/workloadRunner.ts')
        },
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' }
      }
    }
  },
  preload: {
    resolve: { alias },
    build: {
      outDir: 'out/preload',
      // sandbox: true needs a CommonJS preload with nothing to require but electron.
      rollupOptions: {
        input: { index: at('./src/preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' }
      }
    }
  },
  renderer: {
    root: at('./src/renderer'),
    resolve: { alias },
    plugins: [vue(), listBundledPackages(at('.'))],
    build: {
      outDir: at('./out/renderer'),
      emptyOutDir: true,
      minify: true,
      // The charts (ECharts) are one file of 600 kB, loaded by the pages that draw.
      chunkSizeWarningLimit: 700,
      rollupOptions: { input: { index: at('./src/renderer/index.html') } }
    }
  }
})
