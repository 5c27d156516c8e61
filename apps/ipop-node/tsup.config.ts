import { app } from '../../tools/build/tsup.ts'

// The package with the Rust addon stays outside: the addon stands beside it and is loaded from there.
export default { ...app(['src/ipop-node.ts']), external: ['napi-rs-tun'] }
