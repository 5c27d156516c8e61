/** The name server with registered names and with forwarding. */
import { describe, expect, it } from '@jest/globals'
import { Address } from '@ipop/address'
import { Malformed } from '@ipop/codec'
import { SeededRandom } from '@ipop/simulator'
import { NameServer, type NameServerOutput } from '../../src/dns/name-server.ts'
import { Ipv4Network } from '../../src/ip/ipv4-network.ts'
import { encodeText, ipValue } from '../../src/keys.ts'
import type { StoredValue } from '../../src/services.ts'
import { DNS_ANSWER_TIMEOUT_MS, DNS_CACHE_MAX, DNS_PENDING_MAX } from '../../src/limits.ts'
import { DNS_TYPE, encodeDnsName } from '../../src/wire/dns.ts'
import { ip } from '../fakes/packets.ts'

const owner = Address.random(new SeededRandom(1))

describe('NameServer with registered names', () => {
  it('answers from the DHT and then from its cache', () => {
    const run = new Run()
    run.ask('Alice.ipop')
    expect(run.keys()).toEqual(['lab.alice.ipop'])
    run.found('10.7.3.4')
    expect(run.answers()).toEqual(['0 10.7.3.4 60'])
    run.now = 30_000
    run.ask('alice.ipop')
    expect(run.answers()).toEqual(['0 10.7.3.4 30'])
    expect(run.keys()).toEqual([])
    run.now = 60_000
    run.ask('alice.ipop')
    expect(run.keys()).toEqual(['lab.alice.ipop'])
  })

  it('says that a name does not exist, and asks again soon', () => {
    const run = new Run()
    run.ask('nobody.ipop')
    run.keys()
    run.result([])
    expect(run.answers()).toEqual(['3'])
    run.ask('nobody.ipop')
    expect(run.answers()).toEqual(['3'])
    run.now = 5_000
    run.ask('nobody.ipop')
    expect(run.keys()).toHaveLength(1)
  })

  it('has no IPv6 addresses of names that exist', () => {
    const run = new Run()
    run.ask('alice.ipop', DNS_TYPE.aaaa)
    run.keys()
    run.found('10.7.3.4')
    expect(run.answers()).toEqual(['0'])
  })

  it('skips values that are no addresses', () => {
    const run = new Run()
    run.ask('alice.ipop')
    run.keys()
    run.result([value(encodeText('<xml/>')), value(ipValue(ip('10.7.3.4')))])
    expect(run.answers()).toEqual(['0 10.7.3.4 60'])
  })

  it('does not believe addresses outside the virtual network', () => {
    for (const text of ['127.0.0.1', '8.8.8.8', '10.7.0.1', '10.7.255.255']) {
      const run = new Run()
      run.ask('alice.ipop')
      run.keys()
      run.found(text)
      expect(run.answers()).toEqual(['3'])
    }
  })

  it('knows the reverse of names it looked up', () => {
    const run = new Run()
    run.ask('alice.ipop')
    run.keys()
    run.found('10.7.3.4')
    run.answers()
    run.ask('4.3.7.10.in-addr.arpa', DNS_TYPE.ptr)
    expect(run.rawAnswer()).toContain('alice')
    run.ask('5.3.7.10.in-addr.arpa', DNS_TYPE.ptr)
    expect(run.rawAnswer()).toContain('C007003005')
  })

  it('answers with a failure when the DHT fails or takes too long', () => {
    const run = new Run()
    run.ask('alice.ipop')
    run.keys()
    run.server.handleResult(run.lastId, { kind: 'failed', reason: 'x' }, 0)
    expect(run.answers()).toEqual(['2'])
    run.ask('bob.ipop')
    run.keys()
    run.server.handleTimeout(DNS_ANSWER_TIMEOUT_MS - 1)
    expect(run.answers()).toEqual([])
    run.server.handleTimeout(DNS_ANSWER_TIMEOUT_MS)
    expect(run.answers()).toEqual(['2'])
    expect(run.server.pollTimeout()).toBeUndefined()
  })

  it('has caps on waiting questions and on cached names', () => {
    const run = new Run()
    for (let count = 0; count <= DNS_PENDING_MAX; count += 1) run.ask(`host${count}.ipop`)
    expect(run.answers()).toEqual(['2'])
    for (let count = 0; count < DNS_CACHE_MAX + 1; count += 1) {
      const single = `name${count}.ipop`
      run.server.handleTimeout(1_000_000)
      run.ask(single)
      run.keys()
      run.found('10.7.3.4')
    }
    run.answers()
    run.ask('name0.ipop')
    expect(run.keys()).toHaveLength(1)
    run.ask(`name${DNS_CACHE_MAX}.ipop`)
    expect(run.keys()).toHaveLength(0)
  })
})

describe('NameServer with forwarding', () => {
  it('passes foreign questions on and their answers back', () => {
    const run = new Run(true)
    run.ask('example.org')
    const [forward] = run.outputs()
    if (forward?.kind !== 'forward') throw new Error('not forwarded')
    const answer = new Uint8Array(40).fill(7)
    run.server.handleForwarded(forward.id, answer)
    expect(run.outputs()).toEqual([{ kind: 'reply', client: 'client', message: answer }])
    run.server.handleForwarded(forward.id, answer)
    expect(run.outputs()).toEqual([])
  })

  it('answers with a failure when there is no sound answer', () => {
    for (const answer of [undefined, new Uint8Array(3), new Uint8Array(9_000)]) {
      const run = new Run(true)
      run.ask('example.org')
      const [forward] = run.outputs()
      if (forward?.kind !== 'forward') throw new Error('not forwarded')
      run.server.handleForwarded(forward.id, answer)
      expect(run.answers()).toEqual(['2'])
    }
  })

  it('keeps questions about the virtual network to itself', () => {
    const run = new Run(true)
    run.ask('alice.ipop')
    run.ask('4.3.7.10.in-addr.arpa', DNS_TYPE.ptr)
    expect(run.outputs().map(({ kind }) => kind)).toEqual(['reply'])
    run.ask('4.3.8.10.in-addr.arpa', DNS_TYPE.ptr)
    expect(run.outputs().map(({ kind }) => kind)).toEqual(['forward'])
  })
})

class Run {
  now = 0
  lastId = 0
  readonly server: NameServer<string>
  readonly #network = Ipv4Network.parse('10.7.0.0', '255.255.0.0')

  constructor(isForwarding = false) {
    this.server = new NameServer({ namespace: 'lab', mode: 'DhtDns', isForwarding })
  }

  ask(name: string, type: number = DNS_TYPE.a): void {
    if (this.#network instanceof Malformed) throw new Error('network')
    const header = [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    const message = new Uint8Array([...header, ...encodeDnsName(name), 0, type, 0, 1])
    this.server.handleMessage(message, 'client', this.#network, this.now)
  }

  keys(): string[] {
    const keys: string[] = []
    for (let next = this.server.pollRequest(); next; next = this.server.pollRequest()) {
      keys.push(next.key)
      this.lastId = next.id
    }
    return keys
  }

  result(values: readonly StoredValue[]): void {
    this.server.handleResult(this.lastId, { kind: 'values', values }, this.now)
  }

  found(text: string): void {
    this.result([value(ipValue(ip(text)))])
  }

  outputs(): NameServerOutput<string>[] {
    const outputs: NameServerOutput<string>[] = []
    for (let next = this.server.pollOutput(); next; next = this.server.pollOutput()) {
      outputs.push(next)
    }
    return outputs
  }

  /** Response code, and address and time to live of the first answer. */
  answers(): string[] {
    return this.outputs().flatMap((output) => {
      if (output.kind !== 'reply') return []
      const { message } = output
      const rcode = String((message[3] ?? 0) & 15)
      if (message[7] === 0) return [rcode]
      const ttl = new DataView(message.buffer).getUint32(message.length - 10)
      return [`${rcode} ${message.subarray(-4).join('.')} ${ttl}`]
    })
  }

  rawAnswer(): string {
    const [output] = this.outputs()
    return output?.kind === 'reply' ? new TextDecoder('latin1').decode(output.message) : ''
  }
}

function value(bytes: Uint8Array): StoredValue {
  return { value: bytes, owner, ageSeconds: 1, ttlSeconds: 3_000 }
}
