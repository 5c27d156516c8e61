/** Asks the node on this machine about itself over its control socket. */
import { Command } from 'commander'
import {
  EXIT_FAILED,
  runCommand,
  TRACE_PACKETS_MAX,
  TRACE_SECONDS_MAX,
  TRACE_SNAP_BYTES_MAX,
} from '@ipop/node/tools'
import {
  netcheckLines,
  peerLines,
  pingLine,
  statusLines,
  type NetCheckReply,
  type PeerReply,
  type PingReply,
  type StatusReply,
} from './ipop-output.ts'
import { wholeNumber } from './options.ts'
import { traceInto, type TraceOptions } from './trace.ts'
import { whyLines, type WhyReply } from './why-output.ts'

interface Options {
  readonly socket?: string
  readonly node?: string
  readonly json: boolean
}

const program = new Command('ipop')
  .description('Ask the node on this machine about itself.')
  .option('--socket <path>', 'control socket; found by itself when there is only one')
  .option('--node <address>', 'which node of the process; the configured one by default')
  .option('--json', 'print JSON', false)
  .exitOverride()

program
  .command('status')
  .description('where the node is and what it has')
  .action(async () => print<StatusReply>(await ask('status'), statusLines))

program
  .command('peers')
  .description('sessions with other nodes')
  .action(async () => print<readonly PeerReply[]>(await ask('peers'), peerLines))

program
  .command('netcheck')
  .description('kind of NAT, addresses seen by others, what gets through, advice')
  .action(async () => print<NetCheckReply>(await ask('netcheck'), netcheckLines))

program
  .command('why <target>')
  .description('every way to a node address or a virtual IP address, and what became of it')
  .action(async (target: string) => print<WhyReply>(await ask('why', { target }), whyLines))

program
  .command('ping <target>')
  .description('round trips over the ring to a node address or a virtual IP address')
  .option('-c, --count <number>', 'number of round trips', wholeNumber(1, 1_000), 4)
  .action((target: string, { count }: { count: number }) => ping(target, count))

program
  .command('trace')
  .description('record the packets that cross the virtual interface, for tcpdump or Wireshark')
  .requiredOption('--pcap <file>', 'where the packets go; - is standard output')
  .option('--seconds <number>', 'how long', wholeNumber(1, TRACE_SECONDS_MAX), 60)
  .option('--packets <number>', 'how many', wholeNumber(1, TRACE_PACKETS_MAX), 100_000)
  .option('--snap <bytes>', 'bytes kept of each', wholeNumber(1, TRACE_SNAP_BYTES_MAX), 256)
  .action(async (options: TraceOptions) => traceInto(options, await asker()))

for (const command of program.commands) command.exitOverride()

type Ask = (name: string, body?: Readonly<Record<string, unknown>>) => Promise<unknown>

/** Returns how to ask the node that the options name, which is looked for once. */
async function asker(): Promise<Ask> {
  const { socket, node } = program.opts<Options>()
  const { ControlClient } = await import('@ipop/node/tools')
  const client = await ControlClient.find(socket, {
    runtimeFolder: process.env['XDG_RUNTIME_DIR'],
    workFolder: process.cwd(),
  })
  return (name, body) => client.request(name, { ...body, ...(node === undefined ? {} : { node }) })
}

async function ask(name: string, body: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
  return (await asker())(name, body)
}

function print<T>(reply: unknown, lines: (reply: T) => string[]): void {
  const { json } = program.opts<Options>()
  // The reply comes from our own node, over a socket that only its owner and group can open.
  process.stdout.write(json ? `${JSON.stringify(reply)}\n` : `${lines(reply as T).join('\n')}\n`)
}

async function ping(target: string, count: number): Promise<void> {
  let answers = 0
  let before: PingReply | undefined
  for (let sequence = 1; sequence <= count; sequence += 1) {
    try {
      const reply = (await ask('ping', { target })) as PingReply
      answers += 1
      print<PingReply>(reply, (one) => [pingLine(one, sequence, before)])
      before = reply
    } catch (error) {
      if (sequence === count && answers === 0) throw error
      process.stderr.write(`ipop: ${error instanceof Error ? error.message : String(error)}\n`)
    }
  }
  if (answers < count) process.exitCode = EXIT_FAILED
}

await runCommand('ipop', () => program.parseAsync())
