import { app } from '../../tools/build/tsup.ts'

export default app(['src/bootstrap-multi.ts'])
