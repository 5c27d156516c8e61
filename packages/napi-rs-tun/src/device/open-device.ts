/** Opens virtual interfaces: checks the wishes, creates, configures, and undoes all of it on failure. */
import { nameError } from '../errors.ts'
import { MTU_DEFAULT, NAME_BYTES_MAX } from '../limits.ts'
import { loadAddon } from '../native/loader.ts'
import { parseCidr } from './cidr.ts'
import { TunDevice } from './tun-device.ts'
import type { DeviceOptions, VirtualDevice } from './virtual-device.ts'

/** Opens a virtual interface as `options` describe it. Throws a `DeviceError` that says what to do. */
export function openDevice(options: DeviceOptions): VirtualDevice {
  checkName(options.name)
  for (const cidr of options.addresses ?? []) parseCidr(cidr)
  const device = new TunDevice(loadAddon(), options)
  try {
    device.setMtu(options.mtu ?? MTU_DEFAULT)
    for (const cidr of options.addresses ?? []) device.setAddress(cidr)
    if (options.up === true) device.setUp(true)
  } catch (error) {
    void device.close()
    throw error
  }
  return device
}

/** Linux forbids '/', ':' and blanks; '%' would be expanded. The rest of ASCII punctuation only confuses shells. */
function checkName(name: string): void {
  const isWord = /^[A-Za-z0-9._-]+$/.test(name)
  if (!isWord || name.length > NAME_BYTES_MAX || name === '.' || name === '..')
    throw nameError(name)
}
