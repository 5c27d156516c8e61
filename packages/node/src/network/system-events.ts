/** The system's own events of its network, by the native addon. */

/** Starts to tell of events; rejects where the addon is missing or the system has none. */
export async function systemEvents(onEvent: () => void): Promise<{ close(): void }> {
  const { watchNetwork } = await import('napi-rs-tun')
  return watchNetwork(onEvent)
}
