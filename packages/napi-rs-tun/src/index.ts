/** Virtual network interfaces for Node, in Rust. */

export { DataPlane, openDataPlane } from './data-plane/data-plane.ts'
export type {
  DataPlaneHandlers,
  DataPlaneOptions,
  DatagramHandlers,
  DatagramSocket,
  Endpoint,
  PeerRow,
  RelayCounters,
  RelayEndRow,
  RelayQuota,
  RelayRow,
  SessionCounters,
  SessionTroubles,
  SessionRow,
  SocketEndpoint,
} from './data-plane/types.ts'
export {
  DataPlaneError,
  DeviceError,
  type DataPlaneErrorCode,
  type DeviceErrorCode,
} from './errors.ts'
export { openDevice } from './device/open-device.ts'
export { isSupported, type Support } from './device/support.ts'
export type { PacketTrace, TraceBatch, TraceLimits } from './device/packet-trace.ts'
export type { DeviceOptions, PacketsHandler, VirtualDevice } from './device/virtual-device.ts'
export { watchNetwork, type NetworkMonitor } from './monitor/watch-network.ts'
