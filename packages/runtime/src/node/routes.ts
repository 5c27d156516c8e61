/** The machine's routes, as Linux lists them. */
import { closeSync, openSync, readSync } from 'node:fs'
import { ROUTE_TABLE_BYTES_MAX } from '../limits.ts'
import type { Route } from '../ports/host.ts'

/** Linux' tables of the routes of both families. */
const ROUTE_FILES = { v4: '/proc/net/route', v6: '/proc/net/ipv6_route' }

/** Returns the routes of both families as the kernel lists them. */
export function readRoutes(): readonly Route[] {
  return [...routesOf(readLines(ROUTE_FILES.v4)), ...routes6Of(readLines(ROUTE_FILES.v6))]
}

function readLines(file: string): string[] {
  try {
    const descriptor = openSync(file, 'r')
    try {
      return readStart(descriptor).split('\n')
    } finally {
      closeSync(descriptor)
    }
  } catch {
    // A container may hide the files; then only addresses tell of changes.
    return []
  }
}

function readStart(descriptor: number): string {
  const buffer = Buffer.alloc(ROUTE_TABLE_BYTES_MAX)
  let filled = 0
  while (filled < buffer.length) {
    const length = readSync(descriptor, buffer, filled, buffer.length - filled, null)
    if (length === 0) break
    filled += length
  }
  return buffer.toString('latin1', 0, filled)
}

/** Columns of /proc/net/route: interface, destination, gateway, flags, three counters, mask. */
function routesOf(lines: readonly string[]): Route[] {
  return lines.slice(1).flatMap((line) => {
    const [device, to, gateway, , , , , mask] = line.split('\t')
    return device && mask ? [{ device, text: `${to}/${mask} ${gateway}` }] : []
  })
}

/** Columns of /proc/net/ipv6_route: destination, its length, source, its length, gateway, four numbers, interface. */
function routes6Of(lines: readonly string[]): Route[] {
  return lines.flatMap((line) => {
    const [to, length, , , gateway, , , , , device] = line.trim().split(/\s+/)
    return device && device !== 'lo' ? [{ device, text: `${to}/${length} ${gateway}` }] : []
  })
}
