/** The two shapes in which this repository bundles JavaScript: a library and an executable. */
import { defineConfig } from 'tsup'

/** Returns the build of a library: one file per entry, dependencies left outside. */
export function library(entry: string[] = ['src/index.ts']) {
  return defineConfig({
    entry,
    format: ['esm'],
    target: 'node20',
    platform: 'node',
    sourcemap: true,
    clean: true,
    dts: false,
  })
}

/** Returns the build of an executable: one self-contained file per command, for a fast start. */
export function app(entry: string[]) {
  return defineConfig({
    entry,
    format: ['esm'],
    target: 'node20',
    platform: 'node',
    sourcemap: true,
    clean: true,
    dts: false,
    splitting: true,
    noExternal: [/^(?!napi-rs-tun$)/],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    esbuildOptions(options) {
      options.conditions = ['@ipop/source', 'module']
    },
  })
}
