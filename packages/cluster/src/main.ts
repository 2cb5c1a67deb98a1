/** What `npm start` runs: see cli/main.ts. */
import { main } from './cli/main.ts';

// Explicitly, as a handle that somebody forgot must not keep a launcher whose cluster is gone.
process.exit(await main(process.argv.slice(2)));
