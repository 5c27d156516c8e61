/** Finds and loads the Rust addon, which stands beside package.json. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DeviceError } from '../errors.ts'
import { INTERFACE_VERSION, type NativeAddon } from './addon.ts'
import { addonFileName, hasAddon, type Machine, thisMachine, TRIPLES } from './platform.ts'

const moduleFolder = dirname(fileURLToPath(import.meta.url))
const machine = thisMachine()
const fileName = addonFileName(machine)

let loaded: NativeAddon | undefined

/** Returns the addon, loading it the first time. Throws TUN_ADDON_MISSING when it was not built, or from other sources. */
export function loadAddon(): NativeAddon {
  loaded ??= load()
  return loaded
}

/** Returns the path of the addon, or undefined when it was not built. */
export function findAddon(): string | undefined {
  // This file is src/native/loader.ts in a checkout and part of dist/index.js in a package.
  const folders = ['..', '../..'].map((up) => join(moduleFolder, up))
  return folders.map((folder) => join(folder, fileName)).find((file) => existsSync(file))
}

function load(): NativeAddon {
  const file = findAddon()
  if (file === undefined) throw missing(machine)
  return fitting(required(file), file)
}

/** Returns what to say when there is no addon for a machine. */
export function missing(on: Machine): DeviceError {
  const advice = hasAddon(on)
    ? 'build it with "npm run build" (needs Rust)'
    : `there is none for this machine, only for ${TRIPLES.join(', ')}`
  return new DeviceError(
    'TUN_ADDON_MISSING',
    `the native addon ${addonFileName(on)} is missing: ${advice}`,
  )
}

/** Returns `addon` when it was built from the Rust sources that stand beside this file; throws TUN_ADDON_MISSING if not. */
export function fitting(addon: NativeAddon, file: string): NativeAddon {
  if (addon.INTERFACE_VERSION === INTERFACE_VERSION) return addon
  throw new DeviceError(
    'TUN_ADDON_MISSING',
    `the native addon ${file} was built from other sources: build it again with "npm run build"`,
  )
}

function required(file: string): NativeAddon {
  try {
    return createRequire(import.meta.url)(file) as NativeAddon
  } catch (error) {
    throw new DeviceError(
      'TUN_ADDON_MISSING',
      `the native addon ${file} does not load: build it again with "npm run build" (${String(error)})`,
    )
  }
}
