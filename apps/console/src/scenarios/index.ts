import { deafSubscriber } from './deaf-subscriber.ts';
import { lateFill } from './late-fill.ts';
import { lostMessage } from './lost-message.ts';
import { redisRestart } from './redis-restart.ts';
import { rollingDeploy } from './rolling-deploy.ts';
import { scaleUnderLoad } from './scale-under-load.ts';
import type { Scenario } from './scenario.ts';
import { stampede } from './stampede.ts';
import { tour } from './tour.ts';
import { writerCrash } from './writer-crash.ts';

/** In the order in which the page offers them. */
export const SCENARIOS: readonly Scenario[] = [
  tour,
  lostMessage,
  deafSubscriber,
  lateFill,
  redisRestart,
  stampede,
  scaleUnderLoad,
  rollingDeploy,
  writerCrash,
];
