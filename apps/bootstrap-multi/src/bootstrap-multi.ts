/** Runs many ring nodes behind one port. */
import { Command, InvalidArgumentError, Option } from 'commander'
import { MULTI_NODES_MAX, runCommand } from '@ipop/node/tools'

interface Options {
  readonly NodeConfig: string
  readonly Count: number
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error'
  readonly json: boolean
}

const program = new Command('bootstrap-multi')
  .description(
    'Run many ring nodes behind one port; the configured address belongs to the last of them.',
  )
  .requiredOption('-n, --NodeConfig <file>', 'how to join the ring')
  .option('-c, --Count <number>', 'number of nodes', parseCount, 16)
  .addOption(
    new Option('--log-level <level>', 'least important events to log on standard error')
      .choices(['trace', 'debug', 'info', 'warn', 'error'])
      .default('warn'),
  )
  .option('--json', 'print facts and events as JSON lines', false)
  .exitOverride()
  .action(() => start(program.opts<Options>()))

function parseCount(text: string): number {
  const count = Number(text)
  if (Number.isSafeInteger(count) && count >= 1 && count <= MULTI_NODES_MAX) return count
  throw new InvalidArgumentError(`Give a whole number from 1 to ${MULTI_NODES_MAX}.`)
}

async function start({ NodeConfig, Count, logLevel, json }: Options): Promise<void> {
  const [
    { readNodeConfig },
    { FactPrinter, runNode, startMultiNode },
    { createConsoleLog, createNodeRuntime },
  ] = await Promise.all([
    import('@ipop/config'),
    import('@ipop/node'),
    import('@ipop/runtime/node'),
  ])
  const config = readNodeConfig(NodeConfig)
  for (const warning of config.warnings) process.stderr.write(`warning: ${String(warning)}\n`)
  const runtime = createNodeRuntime({ log: createConsoleLog(logLevel, process.stderr, json) })
  const node = await startMultiNode(config, Count, runtime)
  await runNode(node, new FactPrinter({ isJson: json }))
}

await runCommand('bootstrap-multi', () => program.parseAsync())
process.exit()
