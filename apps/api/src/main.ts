/** One replica of the catalogue: see lifecycle/run.ts. */
import { run } from './lifecycle/run.ts';

// Explicitly, as a handle that somebody forgot must not keep a replica that has drained.
process.exit(await run(process.env));
