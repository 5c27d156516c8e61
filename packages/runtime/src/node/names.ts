/** Name resolution by the machine's own resolver. */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { NAME_ADDRESSES_MAX } from '../limits.ts'
import type { NameResolver } from '../ports/host.ts'

/** Returns the resolver of this machine; a name that cannot be resolved has no addresses. */
export function createNodeNames(): NameResolver {
  return { resolve }
}

async function resolve(hostName: string): Promise<readonly string[]> {
  if (isIP(hostName) !== 0) return [hostName]
  if (hostName === '') return []
  try {
    const entries = await lookup(hostName, { all: true, verbatim: true })
    return [...new Set(entries.map((entry) => entry.address))].slice(0, NAME_ADDRESSES_MAX)
  } catch {
    return []
  }
}
