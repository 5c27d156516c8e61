/** Text such as `10.0.0.1/24`, taken apart. */
import { DeviceError } from '../errors.ts'

/** An address and the length of its network prefix. */
export interface Cidr {
  readonly address: string
  readonly prefixLength: number
}

/** Returns the parts of `text`; throws TUN_ARGUMENT_INVALID when it has not the form. Native code checks the address. */
export function parseCidr(text: string): Cidr {
  const match = /^([0-9a-fA-F.:]{2,45})\/(\d{1,3})$/.exec(text)
  const [, address, length] = match ?? []
  const prefixLength = Number(length)
  if (address === undefined || prefixLength > (address.includes(':') ? 128 : 32)) {
    throw new DeviceError(
      'TUN_ARGUMENT_INVALID',
      `"${text}" is not an address with prefix length such as 10.0.0.1/24 or fd00::1/64`,
    )
  }
  return { address, prefixLength }
}
