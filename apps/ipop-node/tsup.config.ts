import { app } from '../../tools/build/tsup.ts'

export default app(['src/ipop-node.ts'])
