/** The console: sees a cluster, and lets people break it. `--scenarios` tells what it can play, and ends. */
import { run } from './run.ts';
import { SCENARIOS } from './scenarios/index.ts';

if (process.argv.includes('--scenarios')) {
  console.log(JSON.stringify(SCENARIOS.map(({ name, title, sentence }) => ({ name, title, sentence }))));
} else process.exit(await run(process.env));
