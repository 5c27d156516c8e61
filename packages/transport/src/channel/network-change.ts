/** What the channels of a node do when the network of its machine changed. */
import type { ChannelTable } from './channel-table.ts'

/** Learns the own addresses and the NAT anew and tries all paths of all channels at once; sessions stay as they are. */
export function followNetworkChange(table: ChannelTable): void {
  table.reach.networkChanged()
  for (const channel of table.channels()) if (channel.state === 'up') channel.ways.networkChanged()
}
