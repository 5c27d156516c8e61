import { app } from '../../tools/build/tsup.ts'

export default app(['src/crawl.ts', 'src/bget.ts', 'src/bput.ts', 'src/ipop.ts'])
