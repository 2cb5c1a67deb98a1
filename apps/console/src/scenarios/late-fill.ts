import type { Scenario, Stage } from './scenario.ts';

/** Products that nobody else asks for, so that the first read of each is a miss on every replica. */
const FIRST_ID = 9_401;
const PRODUCTS = 6;
/**
 * How often it is tried at most, and how many fills have to be late: one of them could still lose its race, where the write
 * took so long that what the victim had stored before was gone with it. On a machine that is busy most tries fail.
 */
const TRIES = 40;
const FILLS = 3;
/** Each way between the victim and the origin, ms. */
const LATE_MS = 250;
/** The write comes behind the load's snapshot, and before its answer, ms after the read. */
const BETWEEN_MS = LATE_MS + 60;
const HOLD_MS = 60_000;

const idsOf = (stage: Stage) =>
  // Of other products in each half: what the first has left in L2 would be found by the second.
  Array.from({ length: PRODUCTS }, (_, index) => FIRST_ID + index + (stage.protocol === 'naive' ? 0 : PRODUCTS));

/**
 *   1: the victim misses, and loads version 1 from an origin that is far away   2: another replica commits version 2, and
 *   drops the key everywhere   3: the victim gets version 1, and stores it for all.
 *
 * Nobody can say when the load's snapshot is taken: a replica that is busy sends its query later, and one that has no
 * connection left needs a second more to open one. By then the write may be done, and the load sees it. So it is tried until
 * the victim has answered with what was overwritten before its answer came; true then.
 */
async function fillsLate(stage: Stage, id: number): Promise<boolean> {
  const other = stage.replicas().find((name) => name !== stage.victim()) ?? stage.victim();
  const reading = stage.read(id, stage.victim());
  await stage.wait(BETWEEN_MS);
  const written = await stage.write(id, other);
  const read = await reading;
  if (read?.version == null || written?.version == null) return false;
  return read.version < written.version && read.end > written.end;
}

export const lateFill: Scenario = {
  name: 'late-fill',
  title: 'Late fill',
  sentence: 'A read that was slow stores what it had loaded before a write: no fault is needed for it, only bad luck.',
  shows: { naive: 'violated', guarded: 'held' },
  seed: 4,
  steps: [
    {
      text: 'One replica is far from Postgres: what it loads is on its way for a quarter of a second.',
      play: async (stage) => {
        stage.traffic({ rps: 30 });
        await stage.fault({ kind: 'slow-origin', target: stage.victim(), ms: LATE_MS, holdMs: HOLD_MS });
      },
    },
    {
      text: 'While it loads a product, another replica changes its price.',
      play: async (stage) => {
        const left = idsOf(stage);
        for (let tries = 0; tries < TRIES && left.length > PRODUCTS - FILLS; tries++) {
          const id = left.shift() ?? FIRST_ID;
          // One that was late stays as it is; another is a miss again, as it was written.
          if (!(await fillsLate(stage, id))) left.push(id);
        }
      },
    },
    {
      text: 'Every replica is asked for these products: is the old price in the shared cache?',
      play: async (stage) => {
        for (const replica of stage.replicas()) await stage.readFor(1_000, idsOf(stage), replica);
      },
    },
  ],
};
