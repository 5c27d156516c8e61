/** How often peers are told of others while a ring forms. */
import { Address } from '@ipop/address'
import { describe, expect, it } from '@jest/globals'
import { World } from '@ipop/simulator'
import type { Channel } from '@ipop/transport'
import { TransportAddress } from '@ipop/transport'
import { Connection } from '../../src/connections/connection.ts'
import { ConnectionTable } from '../../src/connections/connection-table.ts'
import { Role } from '../../src/connections/roles.ts'
import { EXCHANGE_FAR_GAP_MS } from '../../src/limits.ts'
import type { RequestReply } from '../../src/messaging/request-reply.ts'
import { Exchanger } from '../../src/topology/exchanger.ts'

const self = at(1_000)

describe('the exchange', () => {
  it('brings news to immediate neighbours at once, to others at most every 0.6 s', () => {
    const { exchanger, asked, table, wait } = exchanging()
    const [neighbor, other] = [connect(table, 1_001), connect(table, 1_500)]
    connect(table, 900)
    const tellBoth = (revision: number): void => {
      exchanger.exchangeWith(neighbor, revision, false)
      exchanger.exchangeWith(other, revision, false)
    }
    tellBoth(1)
    expect(asked.splice(0)).toEqual([1_001, 1_500])
    connect(table, 1_200)
    tellBoth(2)
    expect(asked.splice(0)).toEqual([1_001])
    wait(EXCHANGE_FAR_GAP_MS)
    tellBoth(2)
    expect(asked.splice(0)).toEqual([1_500])
  })

  it('is made at once where it is asked for', () => {
    const { exchanger, asked, table } = exchanging()
    connect(table, 1_001)
    connect(table, 900)
    const other = connect(table, 1_500)
    exchanger.exchangeWith(other, 1, true)
    exchanger.exchangeWith(other, 1, true)
    expect(asked).toEqual([1_500, 1_500])
  })
})

function exchanging() {
  const table = new ConnectionTable(self)
  const asked: number[] = []
  let now = 0
  const call = (target: Address): Promise<never> => {
    asked.push(target.words[4] ?? 0)
    return new Promise(() => undefined)
  }
  const exchanger = new Exchanger({
    clock: { now: () => now, wallTimeMs: () => now },
    table,
    calls: { call } as unknown as RequestReply,
    log: new World({ seed: 1 }).addHost().runtime.log,
    ownHint: () => hint(1_000),
    incarnation: 1,
    listener: { learn: () => undefined },
  })
  return { exchanger, asked, table, wait: (ms: number) => (now += ms) }
}

function connect(table: ConnectionTable, place: number): Connection {
  const channel = { address: at(place), hint: hint(place), remoteStatus: 0 }
  const connection = new Connection(channel as unknown as Channel, 0)
  connection.setRole(Role.near, true)
  table.add(connection)
  return connection
}

function hint(place: number) {
  const endpoints = [TransportAddress.udp({ host: '10.0.0.1', port: place })]
  return { address: at(place), sessionKey: new Uint8Array(32), endpoints }
}

function at(place: number): Address {
  return Address.fromWords(Uint32Array.of(0, 0, 0, 0, place))
}
