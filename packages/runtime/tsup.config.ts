import { library } from '../../tools/build/tsup.ts'

export default library(['src/index.ts', 'src/node/index.ts'])
