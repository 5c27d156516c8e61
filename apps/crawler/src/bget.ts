/** Prints the values that the DHT has under a key, one per line. */
import { Command, Option } from 'commander'
import { runCommand } from '@ipop/node/tools'
import { withManager } from './options.ts'

interface Options {
  readonly port: number
  readonly json: boolean
}

interface Found {
  readonly value: Uint8Array
  readonly age: number
  readonly ttl: number
}

const program = withManager(new Command('bget'))
  .description('Print the values that the DHT has under a key, one per line.')
  .argument('<key>')
  .addOption(
    new Option('-o, --output <file>', 'accepted for old scripts; has no effect').hideHelp(),
  )
  .addOption(new Option('-q, --quiet', 'accepted for old scripts; has no effect').hideHelp())
  .action((key: string) => run(key, program.opts<Options>()))

async function run(key: string, { port, json }: Options): Promise<void> {
  const { XmlRpcClient } = await import('@ipop/node/tools')
  const found = await new XmlRpcClient({ port }).call('localproxy', [
    'DhtClient.Get',
    new TextEncoder().encode(key),
  ])
  const values = found as unknown as readonly Found[]
  if (json) {
    const texts = values.map(({ value, age, ttl }) => ({
      value: new TextDecoder().decode(value ?? undefined),
      age,
      ttl,
    }))
    process.stdout.write(`${JSON.stringify(texts)}\n`)
    return
  }
  for (const { value } of values)
    process.stdout.write(Buffer.concat([value ?? new Uint8Array(0), Buffer.from('\n')]))
}

await runCommand('bget', () => program.parseAsync())
