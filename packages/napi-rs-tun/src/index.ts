/** Virtual network interfaces for Node, in Rust. */

export { DeviceError, type DeviceErrorCode } from './errors.ts'
export { openDevice } from './device/open-device.ts'
export { isSupported, type Support } from './device/support.ts'
export type { DeviceOptions, PacketsHandler, VirtualDevice } from './device/virtual-device.ts'
