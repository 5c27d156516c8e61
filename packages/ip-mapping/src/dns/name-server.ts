/** stub */
export type DnsQuery = (question: Uint8Array) => Promise<Uint8Array | undefined>
