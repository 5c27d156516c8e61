/** NodeConfig, IpopConfig and DHCPConfig: read, check, write back. */

export {}
