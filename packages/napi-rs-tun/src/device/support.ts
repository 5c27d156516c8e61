/** Whether this machine and this process can have virtual interfaces. */
import { accessSync, constants, readFileSync } from 'node:fs'
import { findAddon } from '../native/loader.ts'

/** The answer to `isSupported`. */
export interface Support {
  readonly ok: boolean
  /** Why not, and what to do; empty when `ok`. */
  readonly reason: string
}

/** capabilities(7): the bit of CAP_NET_ADMIN. */
const CAP_NET_ADMIN = 12n

/** Returns whether `openDevice` can work here, and if not, why and what to do. */
export function isSupported(): Support {
  const reason = obstacle()
  return { ok: reason === '', reason }
}

function obstacle(): string {
  if (process.platform !== 'linux')
    return `virtual interfaces need Linux, this is ${process.platform}`
  if (findAddon() === undefined) return 'the native addon is missing: build it with "npm run build"'
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK)
  } catch {
    return '/dev/net/tun is missing or not accessible: "modprobe tun", or pass --device /dev/net/tun'
  }
  if (!hasNetAdmin()) return 'run as root or with the capability CAP_NET_ADMIN'
  return ''
}

function hasNetAdmin(): boolean {
  const status = readFileSync('/proc/self/status', 'utf8')
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1]
  return mask !== undefined && ((BigInt(`0x${mask}`) >> CAP_NET_ADMIN) & 1n) === 1n
}
