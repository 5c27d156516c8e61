/** Reads the configuration files of one node and reports the mistakes of all of them at once. */
import { readFileSync } from 'node:fs'
import {
  ConfigErrors,
  readDhcpConfig,
  readIpopConfig,
  readNodeConfig,
  type ConfigError,
  type DhcpConfig,
  type IpopConfig,
  type NodeConfig,
} from '@ipop/config'

/** Paths from the command line. */
export interface ConfigPaths {
  readonly nodeConfig: string
  readonly ipopConfig?: string | undefined
  readonly dhcpConfig?: string | undefined
}

/** What the files say. */
export interface ConfigFiles {
  readonly nodeConfig: NodeConfig
  readonly ipopConfig?: IpopConfig | undefined
  readonly dhcpConfig?: { readonly config: DhcpConfig; readonly text: string } | undefined
  /** What the operator should know, though it does not stop the start. */
  readonly warnings: readonly ConfigError[]
}

/** Reads the files; throws ConfigErrors with everything that is wrong in any of them. */
export function readFiles(paths: ConfigPaths): ConfigFiles {
  const errors: ConfigError[] = []
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof ConfigErrors)) throw error
      errors.push(...error.errors)
      return undefined
    }
  }
  const { ipopConfig: ipopPath, dhcpConfig: dhcpPath } = paths
  const nodeConfig = attempt(() => readNodeConfig(paths.nodeConfig))
  const ipopConfig = ipopPath === undefined ? undefined : attempt(() => readIpopConfig(ipopPath))
  const dhcp = dhcpPath === undefined ? undefined : attempt(() => readDhcpConfig(dhcpPath))
  if (nodeConfig === undefined || errors.length > 0) throw new ConfigErrors(errors)
  const warnings = [
    ...nodeConfig.warnings,
    ...(ipopConfig?.warnings ?? []),
    ...(dhcp?.warnings ?? []),
  ]
  const dhcpConfig =
    dhcp === undefined || dhcpPath === undefined
      ? undefined
      : { config: dhcp, text: readFileSync(dhcpPath, 'utf8') }
  return { nodeConfig, ipopConfig, dhcpConfig, warnings }
}
