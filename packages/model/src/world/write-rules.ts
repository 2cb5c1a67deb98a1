import type { Rule } from '../engine/system.ts';
import { always, rule } from './rules.ts';
import type { Scene, SlotName } from './scene.ts';
import { type Scope, serversOf, type WriterScope } from './scope.ts';
import { sessionFlags } from './session.ts';
import { type Writer, type WriterStage, writerFlags } from './writer.ts';
import {
  abortWrite,
  begin,
  commitWrite,
  crash,
  endWait,
  executeOrder,
  nameOf,
  receiveOrder,
  sendOrder,
  type WriterName,
  wordsOfOrder,
} from './writing.ts';

/** What one writer can do. */
export function writeRules(name: WriterName, of: WriterScope, scope: Scope): Rule[] {
  const { on } = of;
  const { ready, waiting, committing } = writerFlags;
  const rules = scope.grain === 'coarse' ? inOneStep(name, of, scope) : inThreeSteps(name, of, scope);
  if (of.session === true) {
    const guards = [
      [name, writerFlags.askedFor],
      ['session', sessionFlags.idle],
    ] as const;
    rules.push(
      always(`the session writes by ${name}`, { slots: [name, 'session'], reads: [on], guards }, (changed) => {
        changed.session.busy = true;
        begin(changed[name], scope, changed[on].partition);
        return { words: `the session asks ${name} to write` };
      }),
    );
  }
  rules.push(
    always(`${name} commits`, { slots: [name, 'origin'], reads: [on], guards: [[name, committing]] }, (changed) => {
      const writer = changed[name];
      commitWrite(changed, writer, scope);
      const who = writer.kind === 'q' ? 'psql' : name;
      return { words: writer.kind === 'N' ? `${name} commits another key` : `${who} commits v${writer.version}` };
    }),
  );
  if (scope.property === 'linearizable') {
    rules.push(
      always(`${name} waits`, { slots: [name, 'origin'], reads: [on], guards: [[name, waiting]] }, (changed) => {
        endWait(changed, changed[name], scope);
        return { words: `S(1+drift) has passed since ${name} began to wait: ${wordsOfStage(changed[name])}` };
      }),
    );
  }
  if (scope.faults?.crash === true) {
    const active = ready | committing | waiting | writerFlags.answered;
    rules.push(
      rule(`${name} crashes`, { slots: [name, on, 'origin'], guards: [[name, active]] }, (scene) =>
        begun(scene[name]) ? crashes(name, scope) : [],
      ),
    );
  }
  return rules;
}

function inThreeSteps(name: WriterName, { on }: WriterScope, scope: Scope): Rule[] {
  const { ready, sentToP, sentToQ, answered } = writerFlags;
  return [
    always(`${name} sends`, { slots: [name], reads: [on, 'origin'], guards: [[name, ready]] }, (changed) => {
      sendOrder(changed, changed[name]);
      return { words: `${name} sends ${asked(changed, name)}` };
    }),
    ...serversOf(scope).map((server) =>
      always(
        `${server} executes for ${name}`,
        { slots: [name, server, 'origin'], guards: [[name, server === 'P' ? sentToP : sentToQ]] },
        (changed) => {
          executeOrder(changed, changed[name], server, scope);
          const { order, reply } = changed[name].stage as Extract<WriterStage, { is: 'asking' }>;
          return { words: wordsOfOrder(changed[name], order, server, reply) };
        },
      ),
    ),
    always(
      `answers to ${name}`,
      { slots: [name, on, 'origin'], reads: aging(scope), guards: [[name, answered]] },
      (changed) => {
        const what = asked(changed, name);
        receiveOrder(changed, changed[name], scope);
        return { words: `${name} gets the answer to ${what}: ${wordsOfStage(changed[name])}` };
      },
    ),
  ];
}

function inOneStep(name: WriterName, { on }: WriterScope, scope: Scope): Rule[] {
  return serversOf(scope).map((server) =>
    rule(
      `${name} asks ${server}`,
      { slots: [name, on, server, 'origin'], reads: aging(scope), guards: [[name, writerFlags.ready]] },
      (scene) => {
        if (scene[on].at !== server) return [];
        return [
          (changed) => {
            const writer = changed[name];
            sendOrder(changed, writer);
            executeOrder(changed, writer, server, scope);
            const { order, reply } = writer.stage as Extract<WriterStage, { is: 'asking' }>;
            const words = wordsOfOrder(writer, order, server, reply);
            receiveOrder(changed, writer, scope);
            return { words: `${words}; ${wordsOfStage(writer)}` };
          },
        ];
      },
    ),
  );
}

/** Where tokens age, an acknowledgement asks what the session's is. */
function aging({ forgets }: Scope): SlotName[] {
  return forgets ? ['session'] : [];
}

/** Something of it is done that somebody may have to clean up after. */
function begun({ stage, version, write, kind }: Writer): boolean {
  if (version > 0 || stage.is === 'asking' || stage.is === 'pausing') return true;
  if (!['m', 'o', 'T', 'N'].includes(kind)) return false;
  return write !== null && !(stage.is === 'ready' && stage.order.do === 'mark');
}

function crashes(name: WriterName, scope: Scope) {
  const moves = [
    (changed: Scene) => {
      crash(changed, changed[name]);
      return { words: `${name} crashes` };
    },
  ];
  moves.push((changed) => {
    const writer = changed[name];
    if (writer.stage.is === 'committing' && writer.write !== null) abortWrite(changed, writer, scope);
    return { words: `${name} commits nothing: ${wordsOfStage(writer)}` };
  });
  return moves;
}

function asked(scene: Scene, name: WriterName): string {
  const writer = scene[name];
  return writer.stage.is === 'asking' ? nameOf(writer, writer.stage.order) : '';
}

/** What a writer will do next, in a few words. */
function wordsOfStage(writer: Writer): string {
  const { stage } = writer;
  switch (stage.is) {
    case 'ready':
      return `${nameOf(writer, stage.order)} next`;
    case 'done':
      return 'acknowledged';
    default:
      return `it is ${stage.is}`;
  }
}
