/** How the executable is bundled. */
import { app } from '../../tools/build/tsup.ts'

// The package with the Rust addon stays outside: the addon stands beside it and is loaded from there.
const external = ['napi-rs-tun']

export default Object.assign(app(['src/ipop-node.ts']), { external })
