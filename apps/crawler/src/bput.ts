/** Puts a value into the DHT. */
import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { DHT_TTL_SECONDS_MAX, EXIT_FAILED, runCommand } from '@ipop/node/tools'
import { wholeNumber, withManager } from './options.ts'

interface Options {
  readonly port: number
  readonly json: boolean
  readonly ttl: number
  readonly input?: string
}

const program = withManager(new Command('bput'))
  .description('Put a value into the DHT.')
  .argument('<key>')
  .argument('[value]')
  .option(
    '--ttl <seconds>',
    'how long the value is kept',
    wholeNumber(1, DHT_TTL_SECONDS_MAX),
    86_400,
  )
  .option('--input <file>', 'read the value from a file, - for standard input')
  .action((key: string, value: string | undefined) => run(key, value, program.opts<Options>()))

async function run(
  key: string,
  value: string | undefined,
  { port, json, ttl, input }: Options,
): Promise<void> {
  if ((value === undefined) === (input === undefined)) {
    program.error('error: give either a value or --input', { code: 'commander.valueMissing' })
  }
  const bytes = input === undefined ? new TextEncoder().encode(value) : await readInput(input)
  const { XmlRpcClient } = await import('@ipop/node/tools')
  const client = new XmlRpcClient({ port })
  const result = await client.call('localproxy', [
    'DhtClient.Put',
    new TextEncoder().encode(key),
    bytes,
    ttl,
  ])
  // Python's spelling, which existing scripts compare with.
  const text = result === true ? 'True' : 'False'
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${text}\n`)
  if (result !== true) process.exitCode = EXIT_FAILED
}

async function readInput(input: string): Promise<Uint8Array> {
  return readFile(input === '-' ? '/dev/stdin' : input)
}

await runCommand('bput', () => program.parseAsync())
