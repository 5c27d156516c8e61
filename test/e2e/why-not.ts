/** Whether tunnels between namespaces can be had here. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Lab } from '../../tools/lab/namespaces.mjs'

/** Returns why there can be no virtual interfaces between namespaces, or undefined. */
export function whyNoInterfaces(): string | undefined {
  const addon = fileURLToPath(new URL('../../packages/napi-rs-tun/', import.meta.url))
  const build = fileURLToPath(new URL('../../apps/ipop-node/dist/ipop-node.js', import.meta.url))
  if (!readdirSync(addon).some((name) => name.endsWith('.node')))
    return 'the Rust addon is not built'
  if (!existsSync(build)) return 'the executables are not built (npm run build)'
  if (spawnSync('ping', ['-V']).error) return 'the `ping` command is missing (package iputils-ping)'
  return Lab.unavailable()
}

/** Returns why there can be no tunnels of the native data plane, or undefined. */
export function whyNoTunnels(): string | undefined {
  return process.env['IPOP_DATAPLANE'] === 'js' ? 'IPOP_DATAPLANE=js' : whyNoInterfaces()
}
