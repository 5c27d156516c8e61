/** Leases, address resolution and the IP router. */

export {}
