/** The machine as protocol code sees it: its network interfaces and its name resolution. */

/** One address of one network interface. */
export interface InterfaceAddress {
  /** Interface name, e.g. `eth0`. */
  readonly device: string
  /** IP address in text form, without scope. */
  readonly host: string
  readonly family: 4 | 6
  readonly prefixLength: number
  /** Whether this is a loopback address. */
  readonly isInternal: boolean
}

/** One route of the machine, as far as a change of it matters. */
export interface Route {
  /** Interface name. */
  readonly device: string
  /** Destination and gateway in the system's words: equal routes have equal texts. */
  readonly text: string
}

/** Lists network interfaces. */
export interface NetworkInterfaces {
  /** Returns the addresses this machine has now. */
  list(): readonly InterfaceAddress[]
  /** Returns the IPv4 address of the default router; undefined where none is known. */
  gateway?(): string | undefined
  /** Returns the routes this machine has now; absent where the system does not tell. */
  routes?(): readonly Route[]
}

/** Turns host names into addresses. */
export interface NameResolver {
  /** Returns the IP addresses of `hostName`, IPv4 and IPv6; empty when it has none. An IP literal resolves to itself. */
  resolve(hostName: string): Promise<readonly string[]>
}
