/** `node apps/console/test/page-dev.ts [replicas] [port]`: the page in front of a made-up cluster, to work on it. */
import { openFixture } from './page-fixture.ts';

const { url } = await openFixture(Number(process.argv[2] ?? 3), Number(process.argv[3] ?? 8099));
console.log(url);
