import type { Member } from '../../shared/state.ts';
import type { Commands } from '../commands.ts';
import { attr, byId, el, keyed, say } from '../dom.ts';
import { faultTag } from '../faults.ts';
import type { Changed, Model } from '../model.ts';
import type { Part } from '../part.ts';
import { left, percent, short, whole } from '../words.ts';
import type { Menu } from './menu.ts';

type Server = Exclude<Member['kind'], 'replica'>;

const WHAT: Readonly<Record<Server, { name: string; role: string }>> = {
  nginx: { name: 'nginx', role: 'in front' },
  redis: { name: 'Redis', role: 'L2 and bus' },
  postgres: { name: 'Postgres', role: 'origin' },
};
/** What is counted of each, per second. */
const RATE_OF: Readonly<Record<Member['kind'], string>> = {
  nginx: 'reads',
  redis: 'commands',
  postgres: 'loads',
  replica: 'reads',
};
const ORDER: readonly Server[] = ['nginx', 'redis', 'postgres'];

/** Steps of the load, per second and in percent. */
const RATES = { rps: [0, 50, 100, 200, 500, 1000, 2000], writesPercent: [0, 1, 2, 5, 10, 20, 50] } as const;

class Card {
  readonly root: HTMLLIElement;
  readonly #state = el('span', { class: 'card-state' });
  readonly #facts = el('span', { class: 'card-facts' });
  readonly #fault = el('span', { class: 'head-fault' });

  constructor(kind: Server, open: ((anchor: HTMLElement) => void) | null) {
    const { name, role } = WHAT[kind];
    const title = open
      ? el('button', { type: 'button', class: 'head-name', 'aria-haspopup': 'dialog' }, name)
      : el('span', { class: 'card-name' }, name);
    if (open) title.addEventListener('click', () => open(title));
    const line = el('span', { class: 'card-line' }, title, el('span', { class: 'hint' }, role), this.#state);
    this.root = el(
      'li',
      { class: 'card', 'data-kind': kind },
      line,
      el('span', { class: 'card-line' }, this.#facts, this.#fault),
    );
  }

  show(member: Member, { now }: Model): void {
    attr(this.root, 'data-state', member.state);
    say(this.#state, member.state);
    const facts = [
      member.perSecond === null ? '' : `${short(Math.round(member.perSecond))} ${RATE_OF[member.kind]}/s`,
      member.applied === null ? '' : `clock ${whole(member.applied)}`,
      member.epoch === null ? '' : `epoch ${member.epoch.slice(0, 4)}`,
    ];
    const said = facts.filter((words) => words !== '').join(' · ');
    say(this.#facts, said === '' && member.kind === 'redis' ? 'keeps no clock' : said);
    const mine = now.faults.find(({ id }) => member.faults.includes(id));
    attr(this.root, 'data-faulted', mine !== undefined);
    say(this.#fault, mine ? `${faultTag(mine.kind)} ${left(mine.healsAt - now.at)}` : '');
  }
}

/** Who asks, and how much: the one card whose members are ours. */
class Clients {
  readonly root: HTMLLIElement;
  readonly #facts = el('span', { class: 'card-facts' });
  readonly #rps: HTMLSelectElement;
  readonly #writes: HTMLSelectElement;

  constructor(commands: Commands) {
    this.#rps = choice(RATES.rps, (n) => `${whole(n)}/s`, 'Requests per second');
    this.#writes = choice(RATES.writesPercent, (n) => `${n} % writes`, 'Share of writes');
    this.#rps.addEventListener('change', () => void commands.traffic({ rps: Number(this.#rps.value) }));
    this.#writes.addEventListener('change', () => void commands.traffic({ writesPercent: Number(this.#writes.value) }));
    const line = el(
      'span',
      { class: 'card-line' },
      el('span', { class: 'card-name' }, 'Clients'),
      this.#rps,
      this.#writes,
    );
    this.root = el('li', { class: 'card clients' }, line, el('span', { class: 'card-line' }, this.#facts));
  }

  show({ now }: Model): void {
    const { rps, writesPercent, achieved, errors } = now.traffic;
    const bad = errors > 0 ? ` · ${whole(errors)} errors` : ' · no errors';
    say(this.#facts, `${whole(Math.round(achieved))}/s answered${bad} · ${percent(now.cost.clients)} of a core`);
    pick(this.#rps, rps, (n) => `${whole(n)}/s`);
    pick(this.#writes, writesPercent, (n) => `${n} % writes`);
  }
}

function choice(values: readonly number[], words: (n: number) => string, label: string): HTMLSelectElement {
  return el('select', { 'aria-label': label }, ...values.map((n) => el('option', { value: n }, words(n))));
}

/** Shows what the server says, unless a person is choosing. A value that is no step gets an option of its own. */
function pick(select: HTMLSelectElement, value: number, words: (n: number) => string): void {
  if (select === document.activeElement || select.value === String(value)) return;
  if (![...select.options].some((option) => option.value === String(value))) {
    select.append(el('option', { value }, words(value)));
  }
  select.value = String(value);
}

/** What stands in front of the replicas and behind them, in the order in which a request meets them. */
export class Tiers implements Part {
  readonly #list = byId('tiers', HTMLElement);
  readonly #clients: Clients;
  readonly #cards = new Map<string, Card>();
  readonly #menu: Menu;

  constructor(commands: Commands, menu: Menu) {
    this.#menu = menu;
    this.#clients = new Clients(commands);
    this.#list.append(this.#clients.root);
  }

  update(model: Model, changed: Changed): void {
    const { members } = model.now;
    if (changed.has('traffic') || changed.has('cost')) this.#clients.show(model);
    const servers = ORDER.flatMap((kind) => members.find((member) => member.kind === kind) ?? []);
    if (changed.has('members')) {
      keyed(
        this.#list,
        this.#cards,
        servers.map(({ kind }) => kind),
        (kind) => this.#card(kind as Server, servers),
        1,
      );
    }
    for (const member of servers) this.#cards.get(member.kind)?.show(member, model);
  }

  #card(kind: Server, servers: readonly Member[]): Card {
    const name = servers.find((member) => member.kind === kind)?.name ?? kind;
    return new Card(kind, kind === 'nginx' ? null : (anchor) => this.#menu.open(anchor, kind, name));
  }
}
