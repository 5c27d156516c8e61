/** Tells at once when the machine's network changes, where the addon can. */
import { deviceErrorFrom } from '../errors.ts'
import { loadAddon } from '../native/loader.ts'

/** A running monitor. */
export interface NetworkMonitor {
  /** Stops; nothing is told afterwards. */
  close(): void
}

/**
 * Calls `onEvent` soon after links, addresses or routes of the machine changed, virtual interfaces included; what changed
 * is for the listener to find out. Throws a `DeviceError` where that is not possible.
 */
export function watchNetwork(onEvent: () => void): NetworkMonitor {
  const { NativeMonitor } = loadAddon()
  if (NativeMonitor === undefined) {
    const older = { code: 'ENOSYS', message: 'the addon is from an older build' }
    throw deviceErrorFrom(older, 'network monitor')
  }
  let isClosed = false
  try {
    const native = NativeMonitor.start(() => {
      if (!isClosed) onEvent()
    })
    return {
      close: () => {
        isClosed = true
        native.close()
      },
    }
  } catch (error) {
    throw deviceErrorFrom(error, 'network monitor')
  }
}
