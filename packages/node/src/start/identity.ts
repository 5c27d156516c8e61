/** Who a node is: reads its key, makes one at the first start, and keeps the address in the configuration. */
import {
  ConfigErrors,
  readKeyFile,
  readOrCreateKeyFile,
  writeNodeAddress,
  type NodeConfig,
} from '@ipop/config'
import { Malformed } from '@ipop/codec'
import type { Log, Random } from '@ipop/runtime'
import { decodeIdentitySecret, encodeIdentitySecret, Identity } from '@ipop/security'
import { messageOf, NodeError } from '../errors.ts'

/** Returns the identity of a configured node. Throws when key and configuration do not belong together. */
export function loadIdentity(
  config: NodeConfig,
  { random, log }: { readonly random: Random; readonly log: Log },
): Identity {
  const { keyPath } = config.security
  const { nodeAddress, file } = config
  if (nodeAddress !== undefined && readKeyFile(keyPath) === undefined) {
    throw new NodeError({
      code: 'NODE_ADDRESS_MISMATCH',
      message:
        `${file}: <NodeAddress> ${nodeAddress} was made with a key that is not here (${keyPath} does not exist); ` +
        'bring the key file back, or delete the element <NodeAddress> to start as a new node',
    })
  }
  const { content, isNew } = readOrCreateKeyFile(keyPath, () =>
    encodeIdentitySecret(Identity.create(random).secret),
  )
  const identity = decodeKey(content, keyPath)
  const address = identity.address.toString()
  if (isNew) log.write('info', 'key file created', { file: keyPath })
  if (nodeAddress === undefined) keepAddress(file, address, log)
  else if (withoutPrefix(nodeAddress) !== withoutPrefix(address)) {
    throw new NodeError({
      code: 'NODE_ADDRESS_MISMATCH',
      message:
        `${file}: <NodeAddress> ${nodeAddress} does not belong to the key ${keyPath}, whose address is ${address}; ` +
        'name the right key in <Security><KeyPath>, or delete the element <NodeAddress>',
    })
  }
  return identity
}

function decodeKey(content: string, keyPath: string): Identity {
  const secret = decodeIdentitySecret(content)
  if (!(secret instanceof Malformed)) return Identity.fromSecret(secret)
  throw new NodeError({
    code: 'NODE_KEY_BROKEN',
    message:
      `${keyPath}: not a key file of this system (${secret.reason}); ` +
      'bring the right file back, name another in <Security><KeyPath>, or move it away to start as a new node',
  })
}

/** The key decides who the node is, so a configuration that cannot be written is no reason to stop. */
function keepAddress(file: string, address: string, log: Log): void {
  try {
    writeNodeAddress(file, address)
  } catch (error) {
    if (!(error instanceof ConfigErrors)) throw error
    log.write('warn', 'node address not written to the configuration', {
      problem: messageOf(error),
    })
  }
}

function withoutPrefix(address: string): string {
  return address.replace(/^urn:/i, '').toUpperCase()
}
