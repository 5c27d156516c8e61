/** NodeConfig, IpopConfig and DHCPConfig: read, check, write back. */
export { ConfigError, ConfigErrors, fileError, type ConfigErrorFields } from './errors.ts'
export {
  defaultKeyPath,
  parseNodeConfig,
  readNodeConfig,
  type ControlSocketConfig,
  type EdgeListenerConfig,
  type NodeConfig,
  type SecurityConfig,
  type XmlRpcManagerConfig,
} from './node-config.ts'
export {
  parseIpopConfig,
  readIpopConfig,
  type AddressDataConfig,
  type DnsConfig,
  type GroupVpnConfig,
  type IpopConfig,
  type VirtualDeviceConfig,
} from './ipop-config.ts'
export {
  parseDhcpConfig,
  readDhcpConfig,
  type DhcpConfig,
  type ReservedRange,
} from './dhcp-config.ts'
export { replaceFile, type FileOwnership } from './files/atomic.ts'
export { readKeyFile, readOrCreateKeyFile, type KeyFile } from './files/key-file.ts'
export { withNodeAddress, writeNodeAddress } from './files/node-address.ts'
