import { library } from '../../tools/build/tsup.ts'

export default library(['src/index.ts', 'src/tools.ts'])
