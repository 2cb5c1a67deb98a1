/** A replica that serves each request as it is read, for a control: everything else is the replica that ships. */
import { Door } from '../../apps/api/src/http/door.ts';
import { run } from '../../apps/api/src/lifecycle/run.ts';

Door.prototype.enter = (request, response, serve) => serve(request, response);
Door.prototype.connected = () => undefined;
process.exit(await run(process.env));
